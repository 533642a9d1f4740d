using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>Properties that exist only if they have a value: the Table service does not store null.</summary>
internal static class OptionalProperties
{
    public static void SetIfAny(this TableEntity row, string name, object? value)
    {
        if (value is not null)
        {
            row[name] = value;
        }
    }
}
