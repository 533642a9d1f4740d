using System.Buffers;
using System.Text;

namespace Azure.Data.Tables.Wire;

/// <summary>Writes a transaction: a multipart body with one changeset, in which every operation is an HTTP request.</summary>
internal static class BatchWriter
{
    public static byte[] Write(TableRequests requests, string version, IEnumerable<TableTransactionAction> actions, string id, out int count)
    {
        var buffer = EntityWriter.RentBuffer();
        var part = Encoding.UTF8.GetBytes($"--changeset_{id}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n");
        var headers = Encoding.UTF8.GetBytes($" HTTP/1.1\r\nx-ms-version: {version}\r\nDataServiceVersion: 3.0\r\nAccept: application/json\r\n");
        Append(buffer, $"--batch_{id}\r\nContent-Type: multipart/mixed; boundary=changeset_{id}\r\n\r\n");
        count = 0;
        foreach (var action in actions)
        {
            buffer.Write(part);
            WriteOperation(buffer, requests, headers, action);
            buffer.Write("\r\n"u8);
            count++;
        }

        if (count == 0)
            throw new InvalidOperationException("No entities were added to the transaction.");
        Append(buffer, $"--changeset_{id}--\r\n--batch_{id}--\r\n");
        return EntityWriter.ReturnBuffer(buffer);
    }

    private static void WriteOperation(ArrayBufferWriter<byte> buffer, TableRequests requests, byte[] headers, TableTransactionAction action)
    {
        var entity = TableRequests.Checked(action.Entity);
        var (method, condition) = action.ActionType switch
        {
            TableTransactionActionType.Add => ("POST ", default),
            TableTransactionActionType.UpdateMerge => ("PATCH ", action.ETag),
            TableTransactionActionType.UpdateReplace => ("PUT ", action.ETag),
            TableTransactionActionType.UpsertMerge => ("PATCH ", default),
            TableTransactionActionType.UpsertReplace => ("PUT ", default),
            TableTransactionActionType.Delete => ("DELETE ", TableRequests.DeleteCondition(action.ETag)),
            _ => throw new InvalidOperationException("Unknown request type."),
        };

        var inserts = action.ActionType == TableTransactionActionType.Add;
        Append(buffer, method);
        Append(buffer, inserts ? requests.InsertAddress : requests.EntityAddress(entity.PartitionKey, entity.RowKey));
        buffer.Write(headers);
        if (inserts)
            buffer.Write("Prefer: return-no-content\r\n"u8);
        if (condition != default)
            Append(buffer, $"If-Match: {condition}\r\n");
        if (action.ActionType == TableTransactionActionType.Delete)
        {
            buffer.Write("\r\n"u8);
            return;
        }

        buffer.Write("Content-Type: application/json\r\n\r\n"u8);
        EntityWriter.Write(entity, buffer);
    }

    private static void Append(ArrayBufferWriter<byte> buffer, string text) => Encoding.UTF8.GetBytes(text, buffer);
}
