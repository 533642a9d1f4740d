using Microsoft.Extensions.DependencyInjection;
using Parley.Conversations.Messages;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

internal static class FollowUpServices
{
    public static IServiceCollection AddFollowUps(this IServiceCollection services) => services
        .AddWorkQueue<FollowUpChunk>()
        .AddSingleton<FollowUpIndex>()
        .AddSingleton<IConversationPart, FollowUpCancellation>()
        .AddSingleton<IMessageDeletionPart, FollowUpTextDeletion>()
        .AddSingleton<FollowUpReader>()
        .AddSingleton<FollowUpChatLists>()
        .AddSingleton<FollowUpsOfChats>()
        .AddSingleton<FollowUpList>()
        .AddSingleton<FollowUpWriter>()
        .AddSingleton<FollowUpDispatch>()
        .AddSingleton<DueFollowUpResolver>()
        .AddSingleton<FollowUpFailures>()
        .AddSingleton<FollowUpDelivery>()
        .AddSingleton<FollowUpSender>();
}
