using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// What a thread's dropouts draw from: in a step of the trainer a generator of that step, so that a run that is resumed
/// drops what one that was not would have dropped, and concurrent runs take nothing from each other; elsewhere
/// libtorch's global generator, as in PyTorch.
/// </summary>
internal static class DropoutRandom
{
    [ThreadStatic]
    private static Generator? t_generator;

    /// <summary>Lets dropouts of this thread draw from a generator until the result is disposed.</summary>
    public static IDisposable From(Generator generator)
    {
        var before = new Before(t_generator);
        t_generator = generator;
        return before;
    }

    /// <summary>Numbers uniform in [0, 1), float32, on the CPU: a seed means the same on every device and in every precision.</summary>
    public static Tensor Uniform(long[] shape) =>
        rand(shape, dtype: ScalarType.Float32, device: CPU, generator: t_generator ?? Generator.Default);

    /// <summary>A function whose calls all repeat the draws of the first.</summary>
    public static Func<IReadOnlyList<Tensor>, Tensor> Repeated(Func<IReadOnlyList<Tensor>, Tensor> function)
    {
        byte[]? state = null;
        return inputs =>
        {
            if (state is null)
            {
                using Tensor first = (t_generator ?? Generator.Default).get_state();
                state = first.bytes.ToArray();
                return function(inputs);
            }

            using var generator = new Generator();
            using (Tensor again = tensor(state)) generator.set_state(again);
            using (From(generator)) return function(inputs);
        };
    }

    private sealed class Before(Generator? generator) : IDisposable
    {
        public void Dispose() => t_generator = generator;
    }
}
