namespace Parley.Core;

/// <summary>A reference to an entity, sent by a client as a number or as a UUID.</summary>
/// <param name="Key">The key of the entity.</param>
/// <param name="Check">The random part of the UUID, compared with the stored one; null for a number.</param>
public readonly record struct EntityRef<TKey>(TKey Key, long? Check)
    where TKey : struct, IEntityKey<TKey>
{
    /// <summary>Compares the check with the stored one. A number has no check, so it always matches.</summary>
    public bool Matches(long storedCheck) => Check is null || Check == storedCheck;
}

/// <summary>Parses ids that clients send.</summary>
public static class EntityRef
{
    /// <summary>Parses an id. False if no entity of this kind and tenant can have that id.</summary>
    public static bool TryParse<TKey>(string text, TenantId tenant, out EntityRef<TKey> id)
        where TKey : struct, IEntityKey<TKey>
    {
        if (Ids.TryParseInteger(text, TKey.MaxNumber, out var number)
            && TKey.FromNumber(tenant, number) is { } numbered)
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

/// <summary>The key of an entity that clients identify by number or by UUID.</summary>
public interface IEntityKey<TSelf>
    where TSelf : struct, IEntityKey<TSelf>
{
    static abstract EntityKind Kind { get; }

    /// <summary>The largest number that a client may send.</summary>
    static virtual long MaxNumber => int.MaxValue;

    /// <summary>The key for a number of 1 or more; null if no entity can have that number.</summary>
    static abstract TSelf? FromNumber(TenantId tenant, long number);

    /// <summary>The key that a UUID contains; null if no entity can have that UUID.</summary>
    static abstract TSelf? FromEntityId(EntityId id);
}
