using System.Globalization;
using System.Text.Json;
using Azure.Core;

namespace Azure.Data.Tables.Wire;

/// <summary>
/// Reads {"odata.error":{"code":…,"message":{"lang":…,"value":…}}}. In a transaction the message begins with the number of the
/// operation that failed: "3:The specified entity already exists."
/// </summary>
internal sealed class ErrorParser : RequestFailedDetailsParser
{
    /// <summary>Where <see cref="Exception.Data"/> has that number.</summary>
    public const string FailedIndex = "FailedEntity";

    public static ErrorParser Shared { get; } = new();

    public override bool TryParse(Response response, out ResponseError error, out IDictionary<string, string> data)
    {
        error = null;
        data = null;
        if (response.ContentStream == null || !TryRead(response.Content.ToMemory(), out var code, out var message))
            return false;

        var colon = message?.IndexOf(':') ?? -1;
        if (colon > 0 && int.TryParse(message.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            data = new Dictionary<string, string> { [FailedIndex] = index.ToString(CultureInfo.InvariantCulture) };
            message += $"\nFailedTransactionActionIndex is {index}.";
        }

        error = new ResponseError(code, message);
        return true;
    }

    private static bool TryRead(ReadOnlyMemory<byte> body, out string code, out string message)
    {
        code = null;
        message = null;
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("odata.error", out var error))
                return false;
            code = error.GetProperty("code").GetString();
            if (error.TryGetProperty("message", out var text))
                message = text.GetProperty("value").GetString();
            return true;
        }
        // Proxies and overloaded front ends answer HTML or nothing; the status then says all there is to say.
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return false;
        }
    }
}
