using System.Reflection;
using LatentDiffusion.Tests.Pipelines;
using Xunit.v3;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests;

/// <summary>
/// Fails a test after which more tensors are alive than before it. TorchSharp counts the tensors of the process, so the class
/// must belong to <see cref="LiveTensors.Collection"/>. Its count rises for good with every parameter that is made, so networks
/// are built before the test: in the constructor or a fixture.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class NoTensorLeaksAttribute : BeforeAfterTestAttribute
{
    private long _before;

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (test.TestCase.TestCollection.TestCollectionDisplayName != LiveTensors.Collection)
            throw new InvalidOperationException($"{test.TestDisplayName} needs [Collection(LiveTensors.Collection)].");
        _before = LiveTensors.Settled();
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        long leaked = Tensor.TotalCount - _before;
        if (leaked > 0) throw new TensorLeakException($"{test.TestDisplayName} leaves {leaked} tensors alive.");
    }
}
