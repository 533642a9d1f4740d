using Parley.Functions.Api.Requests;

namespace Parley.Functions.Api.Dialects;

/// <summary>The rules of reading requests.</summary>
internal static class DialectRules
{
    public static readonly PerDialect<RequestRules> All = new(RequestRules.Strict)
    {
        Maiagent = new RequestRules
        {
            HasDjangoPages = true,
            TakesBooleanWords = true,
            TakesAbsentBodies = true,
            TakesBareAttachments = true,
            TakesMessageTypes = true,
            TakesWebChats = true,
        },
    };
}
