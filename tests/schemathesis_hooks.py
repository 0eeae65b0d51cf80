"""Lets half of the requests for an image ask for one that is there; the others would all be of things not found."""

import os

import schemathesis


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Puts the id of the image that was uploaded into every other request that only reads."""
    reads = context.operation is not None and context.operation.method.upper() == "GET"
    if path_parameters and "id" in path_parameters and reads:
        map_path_parameters.count += 1
        if map_path_parameters.count % 2:
            return {**path_parameters, "id": os.environ["OCELLUS_IMAGE"]}
    return path_parameters


map_path_parameters.count = 0
