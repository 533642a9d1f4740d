using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Requests;

/// <summary>
/// What requests may leave out or spell otherwise: what the server took that the clients of a dialect were written for.
/// The rules are a feature of a request whose caller is known.
/// </summary>
public sealed record RequestRules
{
    /// <summary>Every field as documented, so that a client learns of its mistake.</summary>
    public static readonly RequestRules Strict = new();

    /// <summary>
    /// A page size above the maximum is cut to it, and any other that is not a number from 1 gives the default. A page
    /// that does not exist is a 404 (Django REST framework, pagination.py).
    /// </summary>
    public bool HasDjangoPages { get; init; }

    /// <summary>Booleans may be words or numbers (Django REST framework, fields.py, BooleanField).</summary>
    public bool TakesBooleanWords { get; init; }

    /// <summary>Where all fields are optional, the body is too.</summary>
    public bool TakesAbsentBodies { get; init; }

    /// <summary>
    /// A message with attachments needs no content, an attachment no type, and one with an id neither name nor URL; an
    /// attachment may be its id alone.
    /// </summary>
    public bool TakesBareAttachments { get; init; }

    /// <summary>The field <c>type</c> of a message says whose it is.</summary>
    public bool TakesMessageTypes { get; init; }

    /// <summary>A chatbot may list web chats.</summary>
    public bool TakesWebChats { get; init; }

    /// <summary>The rules of the caller's dialect; <see cref="Strict"/> when the caller is not known.</summary>
    public static RequestRules Of(HttpRequest request) => request.HttpContext.Features.Get<RequestRules>() ?? Strict;
}
