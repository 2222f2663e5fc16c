using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Upscaling;

/// <summary>Files of small upscaling networks.</summary>
public sealed class UpscalerFiles : IDisposable
{
    public const int Features = 8, Growth = 4;

    private readonly TemporaryFolder _folder = new();

    public string this[string name] => _folder[name];

    /// <summary>Writes an RRDBNet with one block as safetensors.</summary>
    public string Rrdb(int scale = 4)
    {
        using DisposeScope scope = NewDisposeScope();
        string path = _folder[$"rrdb-x{scale}.safetensors"];
        if (!File.Exists(path)) UpscalerWeights.WriteSafetensors(path, Tensors(scale switch { 1 => 4, 2 => 2, _ => 1 }));
        return path;
    }

    /// <summary>Writes an SRVGGNetCompact as safetensors.</summary>
    public string Compact(int scale = 4)
    {
        using DisposeScope scope = NewDisposeScope();
        string path = _folder[$"compact-x{scale}.safetensors"];
        if (!File.Exists(path))
        {
            Dictionary<string, Tensor> weights = UpscalerWeights.Fill(UpscalerWeights.Compact(Features, 2, scale));
            UpscalerWeights.WriteSafetensors(path, weights.Select(w => (w.Key, w.Value)));
        }

        return path;
    }

    /// <summary>The tensors of an RRDBNet with one block, in the caller's dispose scope.</summary>
    internal static List<(string Name, Tensor Values)> Tensors(int unshuffle = 1, string layout = "current", string prefix = "")
    {
        List<(string Name, long[] Shape)> shapes = UpscalerWeights.Rrdb(Features, Growth, blocks: 1, doublings: 2, unshuffle);
        return [.. UpscalerWeights.Fill(shapes)
            .Select(w => (prefix + UpscalerWeights.Rename(w.Key, layout, 1, 2), Brighter(w.Key, w.Value)))];
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Colors around the middle, so that bytes are not cut off at black.</summary>
    private static Tensor Brighter(string name, Tensor values) => name switch
    {
        "conv_last.bias" => values + 0.5, "conv_last.weight" => values * 8, _ => values,
    };
}
