"""Writes schema.json: the types that deploy's YAML files use, as the PyPI packages kubernetes and kserve define them.

    pip install kubernetes==37.0.1 kserve==0.21.0
    python cmd/serve/deploy/testdata/schema.py > cmd/serve/deploy/testdata/schema.json

Both packages are Copyright their authors and licensed under the Apache License 2.0: see LICENCE-apache. Only names and types are taken.
"""

import importlib
import inspect
import json
import re
import sys

import kserve.models
import kubernetes.client.models

ROOTS = {
    "serving.kserve.io/v1alpha1 ServingRuntime": "V1alpha1ServingRuntime",
    "serving.kserve.io/v1beta1 InferenceService": "V1beta1InferenceService",
    "apps/v1 Deployment": "V1Deployment",
    "v1 Service": "V1Service",
    "autoscaling/v2 HorizontalPodAutoscaler": "V2HorizontalPodAutoscaler",
    "policy/v1 PodDisruptionBudget": "V1PodDisruptionBudget",
}


def find(name):
    name = re.sub(r"^K8sIoApi(Apps|Autoscaling)", "", name)  # as kserve calls Kubernetes' own
    for package in (kubernetes.client.models, kserve.models):
        if hasattr(package, name):
            return getattr(package, name)
    module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    for package in ("kubernetes.client.models", "kserve.models"):
        try:
            return getattr(importlib.import_module(f"{package}.{module}"), name)
        except (ImportError, AttributeError):
            pass
    return None


types, waiting = {}, list(ROOTS.values())
while waiting:
    name = waiting.pop()
    if name in types:
        continue
    cls = find(name)
    if cls is None:
        print(f"{name}: not found, any value is taken", file=sys.stderr)
        types[name] = None
        continue
    fields = {}
    source = inspect.getsource(cls)
    for attribute, kind in cls.openapi_types.items():
        if kind == "Dict[str, str]" and attribute in ("limits", "requests"):
            kind = "dict(str, ResourceQuantity)"
        if hasattr(cls, "model_fields"):
            required = any(k.strip("_") == attribute.strip("_") and f.is_required() for k, f in cls.model_fields.items())
        else:
            required = bool(re.search(rf"Invalid value for `{attribute}`, must not be `None`", source))
        fields[cls.attribute_map[attribute]] = {"type": kind, **({"required": True} if required else {})}
        waiting += [w for w in re.findall(r"\w+", kind) if w[0] in "VK" and w[:2] not in ("Vo",)]
    types[name] = fields
json.dump({"roots": ROOTS, "types": dict(sorted(types.items()))}, sys.stdout, indent=0, sort_keys=True)
print()
