using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Parameters and inputs that depend only on their names: FNV-1a of the name seeds SplitMix64.</summary>
internal static class PeerWeights
{
    private const int Piece = 1 << 20;

    /// <summary>Writes the parameters of a graph.</summary>
    public static void Write(PeerGraph graph, string path)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, preallocationSize: graph.Bytes);
        float[] values = new float[Piece];
        foreach (PeerParameter parameter in graph.Parameters)
        {
            double fanIn = parameter.Shape.Skip(1).Aggregate(1.0, (product, n) => product * n);
            bool isScale = parameter.Key.EndsWith(".weight", StringComparison.Ordinal);
            Func<double, double> map = parameter.Shape.Length >= 2 ? u => u / Math.Sqrt(fanIn) : isScale ? u => 1 + 0.1 * u : u => 0.1 * u;
            for (long first = 0; first < parameter.Count; first += Piece)
            {
                int count = (int)Math.Min(Piece, parameter.Count - first);
                Fill(values.AsMemory(0, count), parameter.Key, first, map);
                RandomAccess.Write(file, MemoryMarshal.AsBytes(values.AsSpan(0, count)), parameter.Offset + first * sizeof(float));
            }
        }
    }

    /// <summary>Reads the parameters into a network. Parameters that the graph does not have are not changed.</summary>
    public static void Load(PeerGraph graph, string path, nn.Module network)
    {
        using IDisposable noGradient = no_grad();
        using NetworkUse weights = NetworkUse.ToChange(network);
        Dictionary<string, Tensor> state = network.state_dict();
        using var file = File.OpenHandle(path);
        foreach (PeerParameter parameter in graph.Parameters)
        {
            Tensor target = state[parameter.Key];
            if (!target.shape.SequenceEqual(parameter.Shape))
                throw new InvalidDataException(
                    $"'{parameter.Key}' has the shape [{string.Join(", ", target.shape)}] instead of that in the graph.");
            RandomAccess.Read(file, target.bytes, parameter.Offset);
        }
    }

    /// <summary>The values of an input: 10 for every timestep, otherwise derived from its name.</summary>
    public static float[] Input(PeerGraph graph, string name)
    {
        const float Timestep = 10;
        float[] values = new float[graph.Inputs[name].Aggregate(1L, (product, n) => product * n)];
        if (name == "timestep") Array.Fill(values, Timestep);
        else Fill(values, $"input:{graph.Name}/{name}", 0, u => 1.7 * u);
        return values;
    }

    private static void Fill(Memory<float> values, string name, long first, Func<double, double> map)
    {
        ulong seed = 0xcbf29ce484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name)) seed = (seed ^ b) * 0x100000001b3;
        const int Block = 1 << 14;
        Parallel.For(0, (values.Length + Block - 1) / Block, block =>
        {
            Span<float> part = values.Span[(block * Block)..Math.Min((block + 1) * Block, values.Length)];
            for (int i = 0; i < part.Length; i++)
            {
                ulong z = seed + (ulong)(first + block * Block + i + 1) * 0x9E3779B97F4A7C15;
                z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
                z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
                z ^= z >> 31;
                part[i] = (float)map((z >> 40) / (double)(1 << 23) - 1);
            }
        });
    }
}
