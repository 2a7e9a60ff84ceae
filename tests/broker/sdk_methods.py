"""Calls every method of the SDK once, with made-up arguments, and prints its name and the status of each answer."""
import dataclasses, enum, inspect, os, typing, warnings

warnings.simplefilter("ignore")
from codeocean import CodeOcean

client = CodeOcean(domain=os.environ["CODEOCEAN_DOMAIN"], token=os.environ["CODEOCEAN_TOKEN"])
answers = []
client.session.hooks["response"].insert(0, lambda answer, *_, **__: answers.append(answer.status_code))


def made_up(kind):
    """A value of a type: of each field that has no default, for a class of fields."""
    if typing.get_origin(kind) is list:
        return []
    if typing.get_origin(kind) is typing.Union:
        return made_up(typing.get_args(kind)[0])
    if inspect.isclass(kind) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    if dataclasses.is_dataclass(kind):
        kinds = typing.get_type_hints(kind)
        empty = dataclasses.MISSING
        needed = [f.name for f in dataclasses.fields(kind) if f.default is empty and f.default_factory is empty]
        return kind(**{name: made_up(kinds[name]) for name in needed})
    return {str: "ID", bool: True, int: 1, float: 1.0, dict: {}}[kind]


def called(method):
    kinds = typing.get_type_hints(method)
    needed = [p.name for p in inspect.signature(method).parameters.values() if p.default is p.empty]
    try:
        result = method(**{name: made_up(kinds[name]) for name in needed})
        return next(result) if inspect.isgenerator(result) else result
    except Exception as error:
        # The answer is not what the SDK expects; the request was made all the same.
        return error


for area, resource in sorted(vars(client).items()):
    if not hasattr(resource, "client"):
        continue
    for name, method in inspect.getmembers(resource, callable):
        if name.startswith("_") or name == "client":
            continue
        answers.clear()
        result = called(method)
        print(f"{area}.{name}", *(answers or [repr(result)]))
