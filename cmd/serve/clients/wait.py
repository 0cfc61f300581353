"""Waits until a server is ready: python wait.py http://127.0.0.1:8080"""

import sys
import time
import urllib.request

for _ in range(200):
    try:
        if urllib.request.urlopen(sys.argv[1] + "/v2/health/ready", timeout=1).status == 200:
            sys.exit(0)
    except OSError:
        time.sleep(0.1)
sys.exit("wait.py: the server isn't ready")
