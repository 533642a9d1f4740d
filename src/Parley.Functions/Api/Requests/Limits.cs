using Parley.Conversations.Messages;
using Parley.Storage;

namespace Parley.Functions.Api.Requests;

/// <summary>The lengths that fields of several paths have in common, in UTF-16 code units.</summary>
internal static class Limits
{
    /// <summary>A line: titles, channels, names, addresses.</summary>
    public const int Line = 250;

    /// <summary>JSON of the client's own fits one property of a row.</summary>
    public const int Json = LongText.MaxPerProperty;

    /// <summary>A URL: what browsers and proxies commonly take.</summary>
    public const int Url = Attachment.MaxUrl;
}
