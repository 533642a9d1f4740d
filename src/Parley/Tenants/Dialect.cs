using Parley.Core;

namespace Parley.Tenants;

/// <summary>The API that the clients of a key were written for. Rows store the names: never change one.</summary>
public enum Dialect
{
    Parley,
    Flextell,
    Maiagent,
    Zaia,
}

/// <summary>The names of dialects in the API and in rows.</summary>
public static class DialectNames
{
    public static string Name(this Dialect dialect) => EnumNames.Of(dialect);

    /// <summary>Reads the name of a row. Rows of Parley's dialect have none; names of later versions count as it.</summary>
    internal static Dialect Read(string? name) =>
        Enum.GetValues<Dialect>().FirstOrDefault(dialect => dialect.Name() == name);
}
