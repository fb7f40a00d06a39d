"""Reads the contract, reports violations of the rules at its head, and prints it in JSON."""

import json
import re
import sys
from urllib.parse import unquote

import yaml
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

PROBLEM = "application/problem+json"
HERE = "urn:openapi"


class Contract:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.document = yaml.safe_load(file)
        resource = Resource(contents=self.document, specification=DRAFT202012)
        self.registry = Registry().with_resource(HERE, resource)
        self.faults = []
        # Objects reached twice, by YAML aliases or by this walk, are checked once.
        self.seen = set()
        self.used_codes = set()

    def resolve(self, node):
        while "$ref" in node:
            found = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[unquote(part).replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def fault(self, where, what):
        self.faults.append(f"{where}: {what}")

    def check(self):
        for name, schema in self.document["components"]["schemas"].items():
            self.schema(schema, f"components/schemas/{name}", is_named=True)
            for example in [schema["example"]] if "example" in schema else []:
                self.example(example, f"#/components/schemas/{name}", f"components/schemas/{name}/example")
        for kind in ("parameters", "headers"):
            for name, part in self.document["components"].get(kind, {}).items():
                self.schema(part["schema"], f"components/{kind}/{name}")
        for name, response in self.document["components"]["responses"].items():
            self.response(response, f"components/responses/{name}", None)
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                self.operation(operation, f"{method.upper()} {path}")
        self.codes()
        return self.faults

    def operation(self, operation, where):
        for parameter in operation.get("parameters", []):
            if "$ref" not in parameter:
                self.schema(parameter["schema"], f"{where} {parameter['name']}")
        for kind, media in operation.get("requestBody", {}).get("content", {}).items():
            self.schema(media["schema"], f"{where} {kind}")
        for status, response in operation["responses"].items():
            if "$ref" in response:
                self.response(self.resolve(response), f"{where} {status}: {response['$ref']}", status, seen_before=True)
            else:
                self.response(response, f"{where} {status}", status)

    def response(self, response, where, status, seen_before=False):
        for kind, media in response.get("content", {}).items():
            if not seen_before:
                self.schema(media["schema"], f"{where} {kind}")
            examples = media.get("examples", {})
            if kind == PROBLEM and len(response["content"]) == 1 and not examples:
                self.fault(where, "names no code under `examples`")
            for name, example in examples.items():
                value = self.resolve(example).get("value", {})
                if kind == PROBLEM:
                    self.problem(name, example, value, where, status)
                elif "$ref" in media["schema"]:
                    self.example(value, media["schema"]["$ref"], f"{where}/examples/{name}")

    def problem(self, name, example, value, where, status):
        self.used_codes.add(name)
        if example.get("$ref") != f"#/components/examples/{name}" or value.get("code") != name:
            self.fault(where, f"the example {name} is not the one of its code under components/examples")
        if status is not None and str(value.get("status")) != status:
            self.fault(where, f"{name} is {value.get('status')}, not {status}")

    def codes(self):
        named = self.document["components"]["schemas"]["ProblemCode"]["enum"]
        for name in sorted(set(named) - self.used_codes):
            self.fault("ProblemCode", f"no answer has {name}")
        for name in sorted(self.used_codes - set(named)):
            self.fault("ProblemCode", f"{name} is missing")
        for name in sorted(self.used_codes & set(self.document["components"]["examples"])):
            value = self.document["components"]["examples"][name]["value"]
            self.example(value, "#/components/schemas/Problem", f"components/examples/{name}")

    def schema(self, schema, where, is_named=False):
        if "$ref" in schema or id(schema) in self.seen:
            return
        self.seen.add(id(schema))
        if not is_named:
            for word in ("properties", "enum"):
                if word in schema:
                    self.fault(where, f"`{word}` inline; move it to a schema under components/schemas")
        if "title" in schema:
            self.fault(where, "a schema with a `title`; generators make names of them, which clash")
        if "allOf" in schema:
            self.fault(where, "`allOf`; write the members out")
        for word in ("oneOf", "anyOf"):
            for variant in schema.get(word, []):
                if "$ref" not in variant and variant != {"type": "null"}:
                    self.fault(where, f"a variant of `{word}` without a name")
        for name, member in schema.get("properties", {}).items():
            self.schema(member, f"{where}/{name}")
        for word in ("items", "additionalProperties"):
            if isinstance(schema.get(word), dict):
                self.schema(schema[word], f"{where}/{word}")

    def example(self, value, reference, where):
        validator = OAS31Validator(
            {"$ref": f"{HERE}{reference}"}, registry=self.registry, format_checker=oas31_format_checker
        )
        for error in validator.iter_errors(value):
            self.fault(f"{where}/{'/'.join(map(str, error.absolute_path))}", error.message)


contract = Contract(sys.argv[1])
found = contract.check()
for line in dict.fromkeys(found):
    print(f"{sys.argv[1]}: {re.sub(r'#/components/', '', line)}", file=sys.stderr)
if found:
    sys.exit(1)
print(json.dumps(contract.document, ensure_ascii=False, separators=(",", ":")))
