using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Senders;

/// <summary>
/// The row <c>s|n</c> of a sender, and its lookup rows <c>si|…</c> by identifier and <c>sx|…</c> by external id. All
/// are in the tenant's partition, so they change in one transaction and always agree.
/// </summary>
internal static class SenderRow
{
    public static TableEntity Create(Sender sender)
    {
        var row = new TableEntity(sender.Key.Tenant.PartitionKey, SenderRowKeys.Sender(sender.Key.Number))
        {
            ["WriteId"] = sender.WriteId,
            ["Check"] = sender.Check,
            ["Rev"] = sender.Revision,
            ["Entity"] = (int)sender.Entity,
            ["Blocked"] = sender.Blocked,
            ["CreatedAt"] = sender.CreatedAt,
            ["UpdatedAt"] = sender.UpdatedAt,
        };
        row.SetIfAny("Name", sender.Name);
        row.SetIfAny("ExternalId", sender.ExternalId);
        row.SetIfAny("Identifier", sender.Identifier);
        row.SetIfAny("Avatar", sender.Avatar);
        row.SetIfAny("Email", sender.Email);
        row.SetIfAny("PhoneNumber", sender.PhoneNumber);
        row.SetIfAny("Metadata", sender.Metadata);
        row.SetIfAny("EditId", sender.EditId);
        return row;
    }

    public static Sender Read(TableEntity row, TenantId tenant) => new()
    {
        Key = new SenderKey(tenant, KeyParts.LastNumber(row.RowKey)),
        WriteId = row.GetString("WriteId"),
        Check = row.GetInt64("Check")!.Value,
        Revision = row.GetInt32("Rev")!.Value,
        Entity = (SenderEntity)row.GetInt32("Entity")!.Value,
        Blocked = row.GetBoolean("Blocked")!.Value,
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        UpdatedAt = row.GetDateTimeOffset("UpdatedAt")!.Value,
        Name = row.GetString("Name"),
        ExternalId = row.GetString("ExternalId"),
        Identifier = row.GetString("Identifier"),
        Avatar = row.GetString("Avatar"),
        Email = row.GetString("Email"),
        PhoneNumber = row.GetString("PhoneNumber"),
        Metadata = row.GetString("Metadata"),
        EditId = row.GetString("EditId"),
        ETag = row.ETag,
    };

    /// <summary>The keys of the sender's lookup rows.</summary>
    public static IEnumerable<string> LookupKeys(Sender sender)
    {
        if (sender.Identifier is { } identifier)
        {
            yield return SenderRowKeys.SenderIdentifier(Digest.Of(identifier));
        }

        if (sender.ExternalId is { } externalId)
        {
            yield return SenderRowKeys.SenderExternalId(Digest.Of(externalId));
        }
    }

    /// <summary>Creates the lookup row with one of the sender's lookup keys.</summary>
    public static TableEntity LookupRow(Sender sender, string rowKey) =>
        new(sender.Key.Tenant.PartitionKey, rowKey) { ["Sender"] = sender.Key.Number };

    /// <summary>
    /// The operations that insert a sender. The transaction fails when another sender has the identifier or the
    /// external id.
    /// </summary>
    public static IEnumerable<TableTransactionAction> Insertion(Sender sender) =>
    [
        .. LookupKeys(sender).Select(
            key => new TableTransactionAction(TableTransactionActionType.Add, LookupRow(sender, key))),
        new(TableTransactionActionType.Add, Create(sender)),
    ];
}
