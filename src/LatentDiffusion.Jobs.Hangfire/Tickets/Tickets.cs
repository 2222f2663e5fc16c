using System.Security.Cryptography;
using System.Text;
using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using Hangfire.Storage;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>
/// Hangfire's jobs. A ticket lets one worker run one job: the next of its models, which need not be the one that the ticket was made for. A
/// ticket that is repeated or superfluous finds nothing to do, so tickets may be lost and made again.
/// </summary>
internal sealed class Tickets(JobStorage storage)
{
    private readonly BackgroundJobClient _client = new(storage);

    /// <summary>The queue of a model's tickets. Hangfire's names have only lower-case letters, digits, - and _.</summary>
    public static string QueueOf(string model)
    {
        const int Shown = 30, HashDigits = 12;
        var name = new StringBuilder("model-");
        foreach (char c in model.Take(Shown)) name.Append(char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '-');
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(model)));
        return name.Append('-').Append(hash.AsSpan(0, HashDigits)).ToString();
    }

    /// <summary>Makes a ticket for a model.</summary>
    public void Add(string model) => _client.Create(
        Job.FromExpression<ImageJobTicket>(ticket => ticket.RunAsync(model, CancellationToken.None), QueueOf(model)), new EnqueuedState());

    /// <summary>Makes as many tickets for a model that fewer than a number are waiting.</summary>
    public void EnsureAtLeast(string model, int count)
    {
        IMonitoringApi monitoring = storage.GetMonitoringApi();
        for (long waiting = monitoring.EnqueuedCount(QueueOf(model)); waiting < count; waiting++) Add(model);
    }
}
