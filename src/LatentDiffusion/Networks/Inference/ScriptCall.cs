using System.Collections.Concurrent;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Calls of TorchScript methods. TorchSharp turns a number of 64 bits into a Scalar that nothing holds, whose finalizer may free it while
/// libtorch reads it, as <see cref="TensorArithmetic"/> explains. Here integers are passed by value, and the few different
/// floating-point numbers, such as the ε of norms, are held from their first use on.
/// </summary>
internal static class ScriptCall
{
    private static readonly ConcurrentDictionary<double, Scalar> s_numbers = new();

    /// <summary>Calls a method that returns a tensor.</summary>
    /// <param name="module">The module.</param>
    /// <param name="method">Its method.</param>
    /// <param name="arguments">Tensors, numbers and nulls.</param>
    /// <exception cref="OverflowException">An integer has more than 32 bits.</exception>
    public static Tensor Invoke(jit.ScriptModule module, string method, object?[] arguments)
    {
        object?[] held = Array.ConvertAll(arguments, argument => argument switch
        {
            long integer => checked((int)integer),
            double number => s_numbers.GetOrAdd(number, static value => value.ToScalar()),
            _ => argument,
        });
        var result = (Tensor)module.invoke(method, held!);
        GC.KeepAlive(held);
        return result;
    }
}
