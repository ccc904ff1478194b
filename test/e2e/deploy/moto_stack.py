"""Creates the stack on moto's server, prints what it gave the Lambdas as one line of JSON, and keeps the server up until stdin ends."""
import json
import sys

import boto3
from moto.server import ThreadedMotoServer

template_path, archive_folder, secret_value, parameters = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
REGION = "eu-central-1"

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
url = f"http://127.0.0.1:{port}"


def client(name):
    return boto3.client(name, endpoint_url=url, region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local")


client("s3").create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
for name in ("sign", "reconcile"):
    client("s3").upload_file(f"{archive_folder}/{name}.zip", "code", f"0.1.0/{name}.zip")
secret = client("secretsmanager").create_secret(Name="sealgate/cloudflare-token", SecretString=secret_value)

given = {**parameters, "CodeBucket": "code", "CodePrefix": "0.1.0/", "CloudflareTokenSecretArn": secret["ARN"]}
cloudformation = client("cloudformation")
with open(template_path, encoding="utf-8") as template:
    cloudformation.create_stack(
        StackName="sealgate-main",
        TemplateBody=template.read(),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
stack = cloudformation.describe_stacks(StackName="sealgate-main")["Stacks"][0]
functions = {}
for name in ("sign", "reconcile"):
    answer = client("lambda").get_function(FunctionName=f"sealgate-main-{name}")
    functions[name] = {
        "environment": answer["Configuration"]["Environment"]["Variables"],
        "handler": answer["Configuration"]["Handler"],
        "bytes": answer["Configuration"]["CodeSize"],
    }
print(
    json.dumps(
        {
            "url": url,
            "region": REGION,
            "status": stack["StackStatus"],
            "outputs": {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]},
            "functions": functions,
        }
    ),
    flush=True,
)
sys.stdin.read()
server.stop()
