"""moto's server, as two empty accounts have it; and what a stack on it is like.

Prints the server's address as one line of JSON. For each line on stdin, the name of a stack that was deployed by then, it prints what the
stack is like. Ends with stdin.

moto's CloudFormation makes neither alarms nor schedules. They are made from the template by the API of CloudWatch and of the Scheduler
on moto, so that boto3 checks their shape. Nor does it know a table's TTL and backups, or a role's policies: those are in "resources".
"""
import json
import re
import sys

import boto3
import yaml
from moto.cloudformation.models import ChangeSet
from moto.cloudformation.parsing import OutputMap
from moto.server import ThreadedMotoServer

template_path = sys.argv[1]
REGION = "eu-central-1"

apply_changes = ChangeSet.apply


def apply_with_outputs(self):
    """moto leaves a stack that is made by a change set, as the AWS CLI makes it, without its outputs."""
    apply_changes(self)
    self.stack.output_map = OutputMap(self.stack.resource_map, self.template_dict, self.stack.stack_id)


ChangeSet.apply = apply_with_outputs
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
url = f"http://127.0.0.1:{port}"


def client(name):
    return boto3.client(name, endpoint_url=url, region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local")


with open(template_path, encoding="utf-8") as file:
    template_text = file.read()
cloudformation, functions = client("cloudformation"), client("lambda")


def read_stack(name):
    """The stack, and its resources by their names in the template."""
    summaries = cloudformation.list_stack_resources(StackName=name)["StackResourceSummaries"]
    resources = {one["LogicalResourceId"]: one for one in summaries if one["LogicalResourceId"]}
    return cloudformation.describe_stacks(StackName=name)["Stacks"][0], resources


class Tag:
    def __init__(self, name, value):
        self.name, self.value = name, value


class Loader(yaml.SafeLoader):
    pass


def construct(loader, suffix, node):
    kinds = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}
    deep = {} if isinstance(node, yaml.ScalarNode) else {"deep": True}
    return Tag(suffix, kinds[type(node)](node, **deep))


Loader.add_multi_constructor("!", construct)
template = yaml.load(template_text, Loader)


def resolve_template(stack_name, given, resources):
    """The resources that the stack has, with every function of the template worked out."""
    defaults = {key: str(one.get("Default", "")) for key, one in template["Parameters"].items()}
    names = {key: one["PhysicalResourceId"] for key, one in resources.items()}
    values = {**defaults, **given, **names, "AWS::StackName": stack_name, "AWS::Partition": "aws", "AWS::Region": REGION}
    values["AWS::AccountId"] = "123456789012"

    def holds(tag):
        if tag.name == "Not":
            return not holds(tag.value[0])
        left, right = [resolve(one) for one in tag.value]
        return left == right

    def resolve(value):
        if isinstance(value, dict):
            return {key: one for key, one in ((key, resolve(one)) for key, one in value.items()) if one is not NO_VALUE}
        if isinstance(value, list):
            return [resolve(one) for one in value]
        if not isinstance(value, Tag):
            return value
        if value.name == "If":
            name, yes, no = value.value
            return resolve(yes if holds(template["Conditions"][name]) else no)
        if value.name == "Sub":
            return re.sub(r"\$\{([\w:]+)\}", lambda found: values[found[1]], value.value)
        if value.name == "GetAtt":
            return value.value
        return NO_VALUE if value.value == "AWS::NoValue" else values.get(value.value, value.value)

    return {
        name: {**one, "Properties": resolve(one["Properties"])}
        for name, one in template["Resources"].items()
        if "Condition" not in one or holds(template["Conditions"][one["Condition"]])
    }


NO_VALUE = object()


def make_by_api(resources):
    for name, resource in resources.items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            client("cloudwatch").put_metric_alarm(**properties)
        if resource["Type"] == "AWS::Scheduler::Schedule":
            client("scheduler").create_schedule(Name=name, **properties)


def describe(name):
    stack, made = read_stack(name)
    given = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    resources = resolve_template(name, given, made)
    make_by_api(resources)
    cloudformation.create_stack(
        StackName="sealgate-plain",
        TemplateBody=template_text,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in {**given, "Revocations": "disabled"}.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    names = [one["PhysicalResourceId"] for one in made.values() if one["ResourceType"] == "AWS::Lambda::Function"]
    environments = {one: functions.get_function(FunctionName=one)["Configuration"]["Environment"]["Variables"] for one in names}
    return {
        "region": REGION,
        "status": stack["StackStatus"],
        "outputs": {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]},
        "made": list(made),
        "resources": resources,
        "environments": {one.removeprefix(f"{name}-"): variables for one, variables in environments.items()},
        "table": client("dynamodb").describe_table(TableName=f"{name}-revocations")["Table"],
        "mappings": functions.list_event_source_mappings()["EventSourceMappings"],
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "schedules": client("scheduler").list_schedules()["Schedules"],
        "withoutRevocations": list(read_stack("sealgate-plain")[1]),
    }


print(json.dumps({"url": url}), flush=True)
for line in sys.stdin:
    print(json.dumps(describe(line.strip()), default=str), flush=True)
server.stop()
