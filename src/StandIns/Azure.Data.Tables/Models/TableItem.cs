namespace Azure.Data.Tables.Models;

/// <summary>A table as the service lists it.</summary>
public class TableItem
{
    /// <summary>Names a table.</summary>
    internal TableItem(string name) => Name = name ?? throw new ArgumentNullException(nameof(name));

    /// <summary>The table's name.</summary>
    public string Name { get; }
}
