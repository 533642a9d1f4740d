namespace Parley.Core;

/// <summary>The language of a file's headings and values. Stored by number: never change a number.</summary>
public enum Language
{
    EnUs = 1,

    PtBr = 2,

    ZhTw = 3,
}
