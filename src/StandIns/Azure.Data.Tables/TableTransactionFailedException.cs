using System.Globalization;
using Azure.Data.Tables.Wire;

namespace Azure.Data.Tables;

/// <summary>
/// A transaction was refused; none of its operations happened. Status and ErrorCode are those of the operation that failed.
/// </summary>
public class TableTransactionFailedException : RequestFailedException
{
    /// <summary>Makes one from what the service answered.</summary>
    public TableTransactionFailedException(RequestFailedException requestFailedException)
        : base(
            requestFailedException.Status,
            requestFailedException.Message,
            requestFailedException.ErrorCode,
            requestFailedException.InnerException)
    {
        foreach (var key in requestFailedException.Data.Keys)
            Data.Add(key, requestFailedException.Data[key]);

        if (Data[ErrorParser.FailedIndex] is string text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            FailedTransactionActionIndex = index;
    }

    /// <summary>Which operation failed, counted from 0; null when the service did not say.</summary>
    public int? FailedTransactionActionIndex { get; }
}
