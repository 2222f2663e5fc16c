using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Tests of state of the process, such as the count of live tensors. No other tests run in parallel.</summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class LiveTensors
{
    public const string Collection = "live tensors";

    /// <summary>
    /// The count once what earlier tests left to the garbage collector is gone: its finalizers would otherwise lower the
    /// count at any moment. To be taken before what is tested; after it, the plain count shows what was not disposed.
    /// </summary>
    public static long Settled()
    {
        long count, before;
        do
        {
            before = Tensor.TotalCount;
            GC.Collect();
            GC.WaitForPendingFinalizers();
            count = Tensor.TotalCount;
        }
        while (count != before);
        return count;
    }
}
