using System.Text;

namespace Parley.Testing.QueueService;

/// <summary>
/// The limits of "Put Message", "Get Messages", "Update Message", "List Queues" and "Naming queues and metadata"
/// (learn.microsoft.com).
/// </summary>
internal static class QueueRules
{
    public const int MaxPage = 5_000;
    public const int DefaultVisibilityTimeout = 30;
    public const int DefaultTimeToLive = 7 * 24 * 60 * 60;

    /// <summary>The time to live of a message that is never discarded.</summary>
    public const int Never = -1;

    private const int MaxVisibilityTimeout = 7 * 24 * 60 * 60;
    private const int MaxMessages = 32;
    private const int MaxMessageBytes = 64 * 1024;

    public static QueueError? Check(QueueRequest request)
    {
        var shortest = request.Operation == QueueOperation.Get ? 1 : 0;
        if (request.VisibilityTimeout is { } hidden && (hidden < shortest || hidden > MaxVisibilityTimeout))
        {
            return QueueError.OutOfRange("visibilitytimeout");
        }

        return request.Operation switch
        {
            QueueOperation.Put when request.TimeToLive is 0 or < Never => QueueError.OutOfRange("messagettl"),
            // A message must not expire before it is visible.
            QueueOperation.Put when request.TimeToLive is > 0 && request.VisibilityTimeout >= request.TimeToLive => QueueError.OutOfRange("visibilitytimeout"),
            QueueOperation.Update when request.VisibilityTimeout is null => QueueError.OutOfRange("visibilitytimeout"),
            QueueOperation.Get or QueueOperation.Peek when request.Count is < 1 or > MaxMessages => QueueError.OutOfRange("numofmessages"),
            QueueOperation.Put or QueueOperation.Update when Encoding.UTF8.GetByteCount(request.Text ?? "") > MaxMessageBytes => QueueError.MessageTooLarge,
            _ => null,
        };
    }

    public static bool IsName(string name) =>
        name.Length is >= 3 and <= 63
        && name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-')
        && name[0] != '-' && name[^1] != '-' && !name.Contains("--", StringComparison.Ordinal);
}
