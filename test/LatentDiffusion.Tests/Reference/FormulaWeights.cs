using System.Text;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Reference;

/// <summary>Weights and inputs that follow from their names, so that two programs can hold the same network without a file.</summary>
internal static class FormulaWeights
{
    public static void Fill(nn.Module module)
    {
        using IDisposable noGrad = no_grad();
        using NetworkUse weights = NetworkUse.ToChange(module);
        foreach ((string name, Tensor parameter) in module.state_dict())
        {
            if (IsOfTheClass(name)) continue;
            using Tensor values = Parameter(name, parameter.shape);
            parameter.copy_(values);
        }
    }

    /// <summary>Whether the class of a network computes the values itself: tables of positions, counts of batches.</summary>
    private static bool IsOfTheClass(string name) =>
        name.EndsWith("_embed.pos_embed", StringComparison.Ordinal) || name.EndsWith(".num_batches_tracked", StringComparison.Ordinal);

    public static Tensor Parameter(string name, long[] shape)
    {
        double fanIn = shape.Skip(1).Aggregate(1.0, (product, n) => product * n);
        bool isMatrix = shape.Length >= 2;
        bool isScale = !isMatrix && (name.EndsWith(".weight", StringComparison.Ordinal)
            || name.EndsWith(".running_var", StringComparison.Ordinal));
        return Values(name, shape, u => (float)(isMatrix ? u / Math.Sqrt(fanIn) : isScale ? 1 + 0.1 * u : 0.1 * u));
    }

    public static Tensor Input(string name, long[] shape, double clamp = double.PositiveInfinity) =>
        Values("input:" + name, shape, u => (float)Math.Clamp(1.7 * u, -clamp, clamp));

    private static Tensor Values(string name, long[] shape, Func<double, float> map)
    {
        ulong seed = 0xcbf29ce484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name)) seed = (seed ^ b) * 0x100000001b3;
        float[] values = new float[shape.Aggregate(1L, (product, n) => product * n)];
        for (int i = 0; i < values.Length; i++)
        {
            ulong z = seed + (ulong)(i + 1) * 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            values[i] = map((z >> 40) / (double)(1 << 23) - 1);
        }

        // A tensor of an array lies where the array does. Matrix products of several threads round by that address: in libtorch's
        // memory it is always a multiple of 64.
        using Tensor ofArray = tensor(values, shape);
        return ofArray.clone();
    }
}
