namespace Parley.Tenants.Limits;

/// <summary>The units that rates count. A request may draw on several.</summary>
[Flags]
public enum LimitUnits
{
    None = 0,

    /// <summary>Authenticated requests.</summary>
    Requests = 1,

    /// <summary>Created messages.</summary>
    Messages = 2,

    /// <summary>Created completions.</summary>
    Completions = 4,

    /// <summary>Created exports.</summary>
    Exports = 8,

    /// <summary>Bytes of request bodies, as they are read.</summary>
    Bytes = 16,
}
