using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>Properties that are there only when they have a value: the Table service stores no null.</summary>
internal static class OptionalProperties
{
    /// <summary>Sets a property unless there is nothing to set it to.</summary>
    public static void SetIfAny(this TableEntity row, string name, object? value)
    {
        if (value is not null)
        {
            row[name] = value;
        }
    }
}
