from ..conftest import HAS_NIR

collect_ignore_glob = [] if HAS_NIR else ["*.py"]
