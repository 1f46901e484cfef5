"""For SAM CLI on the local AWS: Python reads this when it starts where the folder is in PYTHONPATH. SAM CLI and botocore wait
up to 30 seconds between two looks at a stack, as is right for AWS, where it takes minutes."""

import time

_sleep = time.sleep
time.sleep = lambda seconds: _sleep(min(seconds, 0.2))
