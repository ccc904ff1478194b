"""Creates the stack on moto's server, prints what it made as one line of JSON, and keeps the server up until stdin ends.

moto's CloudFormation makes neither alarms nor schedules. They are made from the template by the API of CloudWatch and of the Scheduler
on moto, so that boto3 checks their shape. Nor does it know a table's TTL and backups, or a role's policies: those are in "resources".
"""
import json
import re
import sys

import boto3
import yaml
from moto.server import ThreadedMotoServer

template_path, archive_folder, secret_value, parameters = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
REGION = "eu-central-1"

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
url = f"http://127.0.0.1:{port}"


def client(name):
    return boto3.client(name, endpoint_url=url, region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local")


with open(template_path, encoding="utf-8") as file:
    template_text = file.read()
function_names = re.findall(r"FunctionName: !Sub \$\{AWS::StackName\}-(\w+)", template_text)
client("s3").create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
for name in function_names:
    client("s3").upload_file(f"{archive_folder}/{name}.zip", "code", f"0.1.0/{name}.zip")
secret = client("secretsmanager").create_secret(Name="sealgate/cloudflare-token", SecretString=secret_value)
given = {**parameters, "CodeBucket": "code", "CodePrefix": "0.1.0/", "CloudflareTokenSecretArn": secret["ARN"]}
cloudformation = client("cloudformation")


def create(stack_name, values):
    """The stack, and its resources by their names in the template."""
    cloudformation.create_stack(
        StackName=stack_name,
        TemplateBody=template_text,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    summaries = cloudformation.list_stack_resources(StackName=stack_name)["StackResourceSummaries"]
    resources = {one["LogicalResourceId"]: one for one in summaries if one["LogicalResourceId"]}
    return cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0], resources


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


def resolve_template(stack_name, resources):
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


stack, made = create("sealgate-main", given)
resources = resolve_template("sealgate-main", made)
make_by_api(resources)
_, without_revocations = create("sealgate-plain", {**given, "Revocations": "disabled", "Ring": "plain"})
functions = client("lambda")
answer = {
    "url": url,
    "region": REGION,
    "status": stack["StackStatus"],
    "outputs": {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]},
    "made": list(made),
    "resources": resources,
    "environments": {
        name: functions.get_function(FunctionName=f"sealgate-main-{name}")["Configuration"]["Environment"]["Variables"]
        for name in function_names
    },
    "table": client("dynamodb").describe_table(TableName="sealgate-main-revocations")["Table"],
    "mappings": functions.list_event_source_mappings()["EventSourceMappings"],
    "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
    "schedules": client("scheduler").list_schedules()["Schedules"],
    "withoutRevocations": list(without_revocations),
}
print(json.dumps(answer, default=str), flush=True)
sys.stdin.read()
server.stop()
