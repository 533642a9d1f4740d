using System.Globalization;

namespace Parley.Testing.TableService;

/// <summary>
/// The limits of the data model: "Table service data model" and "Scalability and performance targets for Table
/// storage" (learn.microsoft.com). Azurite checks only some of them.
/// </summary>
internal static class Rules
{
    public const int MaxProperties = 252;
    public const int MaxEntityBytes = 1024 * 1024;
    public const int MaxStringLength = 32 * 1024;
    public const int MaxBinaryBytes = 64 * 1024;
    public const int MaxKeyLength = 512;
    public const int MaxNameLength = 255;

    /// <summary>"Querying tables and entities": no more than 15 discrete comparisons within a $filter string.</summary>
    public const int MaxComparisons = 15;

    /// <summary>"Query timeout and pagination": at most 1,000 entities at one time.</summary>
    public const int MaxPage = 1000;

    /// <summary>"Performing entity group transactions".</summary>
    public const int MaxChanges = 100;

    /// <summary>"Performing entity group transactions": the total payload.</summary>
    public const int MaxBatchBytes = 4 * 1024 * 1024;

    /// <summary>"Delete Table": it is likely to take at least 40 seconds, during which the name is refused.</summary>
    public static readonly TimeSpan DeletionTime = TimeSpan.FromSeconds(40);

    /// <summary>"Table service data model": DateTime values range from 12:00 midnight, January 1, 1601.</summary>
    public static readonly DateTime MinDate = new(1601, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public static void CheckTableName(string name)
    {
        if (name.Length is < 3 or > 63)
        {
            throw TableError.OutOfRange("TableName", name).Refuse();
        }

        if (!char.IsAsciiLetter(name[0]) || !name.All(char.IsAsciiLetterOrDigit) || name.Equals("tables", StringComparison.OrdinalIgnoreCase))
        {
            throw TableError.TableName(name).Refuse();
        }
    }

    public static string CheckKey(string name, string key)
    {
        if (key.Length > MaxKeyLength)
        {
            throw TableError.ValueTooLarge(name).Refuse();
        }

        foreach (var letter in key)
        {
            if (letter is '/' or '\\' or '#' or '?' || letter < ' ' || letter is >= '\u007f' and <= '\u009f')
            {
                throw TableError.OutOfRange(name, key).Refuse();
            }
        }

        return key;
    }

    public static void CheckProperty(Property property)
    {
        CheckName(property.Name);
        var tooLarge = property.Value switch
        {
            string text => text.Length > MaxStringLength,
            byte[] bytes => bytes.Length > MaxBinaryBytes,
            _ => false,
        };
        if (tooLarge)
        {
            throw TableError.ValueTooLarge(property.Name).Refuse();
        }

        if (property.Value is DateTime date && date < MinDate)
        {
            throw TableError.OutOfRange(property.Name, date.ToString("O", CultureInfo.InvariantCulture)).Refuse();
        }
    }

    /// <summary>
    /// Checks an entity as it will be stored, also after a merge: at most 252 properties and 1 MiB. Sizes follow "How
    /// to estimate the capacity of a table entity": keys and names in UTF-16, four bytes an entity, eight a property.
    /// </summary>
    public static void CheckEntity(string partitionKey, string rowKey, Property[] properties)
    {
        if (properties.Length > MaxProperties)
        {
            throw TableError.TooManyProperties.Refuse();
        }

        var size = 4 + (2 * (partitionKey.Length + rowKey.Length));
        foreach (var (name, _, value) in properties)
        {
            size += 8 + (2 * name.Length) + value switch
            {
                string text => 4 + (2 * text.Length),
                byte[] bytes => 4 + bytes.Length,
                bool => 1,
                int => 4,
                Guid => 16,
                _ => 8,
            };
        }

        if (size > MaxEntityBytes)
        {
            throw TableError.EntityTooLarge.Refuse();
        }
    }

    /// <summary>"The naming rules for C# identifiers", without hyphens.</summary>
    private static void CheckName(string name)
    {
        if (name.Length > MaxNameLength)
        {
            throw TableError.PropertyNameTooLong(name).Refuse();
        }

        if (name.Length == 0 || !(char.IsLetter(name[0]) || name[0] == '_') || !HasOnlyNameLetters(name))
        {
            throw TableError.PropertyName(name).Refuse();
        }
    }

    private static bool HasOnlyNameLetters(string name)
    {
        foreach (var letter in name)
        {
            if (!char.IsLetterOrDigit(letter) && letter != '_')
            {
                return false;
            }
        }

        return true;
    }
}
