"""What makes a class of rows a type that pydantic knows."""

from typing import TYPE_CHECKING, Any, ClassVar


class PydanticType:
    """Fields of pydantic models, and answers of FastAPI, may be of this class. Only pydantic calls its methods."""

    __slots__ = ()
    if TYPE_CHECKING:
        __attrs_attrs__: ClassVar[Any]  # so that rows of several classes in one list are still attrs values

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Return how pydantic reads and writes these rows."""
        from impactive_async._codec.interchange.pydantic_hooks import core_schema_of

        return core_schema_of(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """Return how pydantic describes them."""
        from impactive_async._codec.interchange.pydantic_hooks import json_schema_of

        return json_schema_of(cls, handler.mode)
