using LatentDiffusion.Tests.Pipelines;
using Xunit;
using Xunit.v3;

namespace LatentDiffusion.Tests;

public sealed class NoTensorLeaksCollectionTests
{
    [Fact]
    public void A_class_that_runs_beside_others_cannot_count_tensors()
    {
        var test = (IXunitTest)TestContext.Current.Test!;
        var e = Assert.Throws<InvalidOperationException>(() => new NoTensorLeaksAttribute().Before(null!, test));
        Assert.Contains(nameof(LiveTensors), e.Message, StringComparison.Ordinal);
    }
}
