using Microsoft.AspNetCore.Http;
using Parley.Conversations;
using Parley.Conversations.Messages;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>The answers with messages, in the form of one dialect.</summary>
public interface IMessageForms
{
    Task<IResult> RespondAsync(Call call, Conversation conversation, Message message, AnswerHeaders headers);

    Task<IResult> ListAsync(Call call);
}
