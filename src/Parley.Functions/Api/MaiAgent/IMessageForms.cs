using Microsoft.AspNetCore.Http;
using Parley.Conversations;
using Parley.Conversations.Messages;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>What a dialect's clients expect of messages that they read.</summary>
public interface IMessageForms
{
    Task<IResult> RespondAsync(Call call, Conversation conversation, Message message, AnswerHeaders headers);

    Task<IResult> ListAsync(Call call);
}
