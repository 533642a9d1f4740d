using Parley.Conversations.Messages;
using Parley.Storage;

namespace Parley.Functions.Api.Requests;

/// <summary>Maximum lengths of fields, common to several routes, in code points unless noted.</summary>
internal static class Limits
{
    /// <summary>Single lines, such as titles, channels, names and addresses.</summary>
    public const int Line = 250;

    /// <summary>
    /// JSON objects of any content, such as metadata, in UTF-16 code units; they fit in one property of a row.
    /// </summary>
    public const int Json = LongText.MaxPerProperty;

    /// <summary>URLs; browsers and proxies commonly accept this length.</summary>
    public const int Url = Attachment.MaxUrl;
}
