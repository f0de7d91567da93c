"""The base class of models that turn images into latent states or codes."""

from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted


class LatentTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """Mixin for models with a method ``transform``, whose columns are units of the model.

    It gives them scikit-learn's ``fit_transform``, ``set_output`` and
    ``get_feature_names_out``. Names are made of the class and the number of the unit, such as
    ``"ngcmodel0"``.
    """

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self, "parameters_")
        return self._n_columns

    @property
    def _n_columns(self) -> int:
        """The number of columns that ``transform`` returns."""
        return self.n_hidden[-1]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # each simulator has its own precision
        return tags
