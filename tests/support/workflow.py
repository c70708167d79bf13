"""Reads a workflow or an action as GitHub does and prints it as JSON. Usage: workflow.py FILE"""

import json
import sys

from ruamel.yaml import YAML

with open(sys.argv[1], encoding="utf-8") as file:
    print(json.dumps(YAML(typ="safe", pure=True).load(file)))
