using Xunit;

namespace LatentDiffusion.Jobs.Tests;

/// <summary>The end of a test's patience, so that a lost signal is a failure and not a hang.</summary>
internal static class Deadline
{
    public static CancellationToken Token
    {
        get
        {
            var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            source.CancelAfter(TimeSpan.FromMinutes(1));
            return source.Token;
        }
    }
}
