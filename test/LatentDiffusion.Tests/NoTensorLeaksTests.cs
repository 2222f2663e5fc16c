using System.Reflection;
using LatentDiffusion.Tests.Pipelines;
using Xunit;
using Xunit.v3;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests;

[Collection(LiveTensors.Collection)]
public sealed class NoTensorLeaksTests
{
    private static readonly MethodInfo s_method = typeof(NoTensorLeaksTests).GetMethod(nameof(A_tensor_left_alive_fails_the_test))!;

    private static IXunitTest Test => (IXunitTest)TestContext.Current.Test!;

    [Fact]
    public void A_tensor_left_alive_fails_the_test()
    {
        var attribute = new NoTensorLeaksAttribute();
        attribute.Before(s_method, Test);
        using (Tensor leaked = ones(2))
        {
            var e = Assert.Throws<TensorLeakException>(() => attribute.After(s_method, Test));
            Assert.Contains($"{nameof(A_tensor_left_alive_fails_the_test)} leaves 1 tensors alive", e.Message, StringComparison.Ordinal);
        }

        attribute.After(s_method, Test);
    }

    [Fact]
    public void Tensors_made_before_the_test_may_be_disposed_in_it()
    {
        Tensor earlier = ones(2);
        var attribute = new NoTensorLeaksAttribute();
        attribute.Before(s_method, Test);
        earlier.Dispose();
        attribute.After(s_method, Test);
    }
}
