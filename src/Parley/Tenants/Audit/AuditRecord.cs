using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants.Audit;

/// <summary>
/// An entry that is to be written. Its key is chosen once, at the start of the request, so that repeated attempts write
/// the same row: there is one entry, however often the change is sent.
/// </summary>
public sealed class AuditRecord
{
    private readonly TableEntity row;

    internal AuditRecord(TenantId tenant, AuditEntry entry)
    {
        row = new TableEntity(tenant.PartitionKey, AuditRowKeys.AuditEntry(entry.At, entry.Id))
        {
            ["Actor"] = (int)entry.Origin.Actor,
            ["Action"] = (int)entry.Action,
            ["Request"] = entry.Origin.RequestId,
            ["Target"] = entry.Target,
        };
        row.SetIfAny("Key", entry.Origin.Key);
        row.SetIfAny("Issuer", entry.Origin.Issuer);
        row.SetIfAny("Subject", entry.Origin.Subject);
        row.SetIfAny("Omitted", entry.Omitted == 0 ? null : entry.Omitted);
    }

    /// <summary>
    /// The operation for the transaction of the change, in the same partition: the entry exists exactly if the change
    /// does.
    /// </summary>
    /// <param name="target">
    /// The changed object, when it is known only now: the number of a new key. Null keeps the record's own.
    /// </param>
    internal TableTransactionAction ToAction(string? target = null) =>
        new(
            TableTransactionActionType.UpsertReplace,
            target is null ? row : new TableEntity(row) { ["Target"] = target });

    internal static AuditEntry Read(TableEntity row)
    {
        var (at, id) = AuditRowKeys.ReadAuditEntry(row.RowKey);
        var origin = new AuditOrigin(
            (AuditActor)row.GetInt32("Actor")!.Value, row.GetInt32("Key"), row.GetString("Request"))
        {
            Issuer = row.GetString("Issuer"),
            Subject = row.GetString("Subject"),
        };
        return new AuditEntry(
            id,
            at,
            origin,
            (AuditAction)row.GetInt32("Action")!.Value,
            row.GetString("Target"),
            row.GetInt32("Omitted") ?? 0);
    }
}
