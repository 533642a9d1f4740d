namespace Microsoft.Azure.Functions.Worker;

/// <summary>Marks the parameter that receives a message of a queue.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class QueueTriggerAttribute : Attribute
{
    /// <summary>A function that takes the messages of this queue; the name may contain settings in percent signs.</summary>
    public QueueTriggerAttribute(string queueName) => QueueName = queueName;

    /// <summary>The queue.</summary>
    public string QueueName { get; }

    /// <summary>The setting with the queue's connection string; AzureWebJobsStorage when null.</summary>
    public string? Connection { get; set; }
}
