namespace Parley.Core;

/// <summary>An entity as a client names it: by number or by UUID.</summary>
/// <param name="Key">The entity.</param>
/// <param name="Check">The random part of the UUID, compared with the stored one; null for a number.</param>
public readonly record struct EntityRef<TKey>(TKey Key, long? Check)
    where TKey : struct, IEntityKey<TKey>
{
    /// <summary>True when a stored check is that of this id. A number has none, so it matches every check.</summary>
    public bool Matches(long storedCheck) => Check is null || Check == storedCheck;
}

/// <summary>Reads ids that clients send.</summary>
public static class EntityRef
{
    /// <summary>Reads an id. False when the text can name no entity of this kind and tenant.</summary>
    public static bool TryParse<TKey>(string text, TenantId tenant, out EntityRef<TKey> id)
        where TKey : struct, IEntityKey<TKey>
    {
        if (Ids.TryParseInteger(text, TKey.MaxNumber, out var number) && TKey.FromNumber(tenant, number) is { } numbered)
        {
            id = new EntityRef<TKey>(numbered, null);
            return true;
        }

        if (EntityId.TryParse(text, TKey.Kind, tenant, out var entity) && TKey.FromEntityId(entity) is { } key)
        {
            id = new EntityRef<TKey>(key, entity.Check);
            return true;
        }

        id = default;
        return false;
    }
}

/// <summary>A key that clients name by number or by UUID.</summary>
public interface IEntityKey<TSelf>
    where TSelf : struct, IEntityKey<TSelf>
{
    /// <summary>The kind of the UUID.</summary>
    static abstract EntityKind Kind { get; }

    /// <summary>The largest number that a client may send.</summary>
    static virtual long MaxNumber => int.MaxValue;

    /// <summary>The key that a number of 1 or more names; null when it names none.</summary>
    static abstract TSelf? FromNumber(TenantId tenant, long number);

    /// <summary>The key in a UUID; null when it names none.</summary>
    static abstract TSelf? FromEntityId(EntityId id);
}
