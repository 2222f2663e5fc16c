using System.IO.Compression;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Upscaling;

/// <summary>Names, shapes and values of upscaling networks, written down without the library's networks.</summary>
internal static class UpscalerWeights
{
    /// <summary>Ways to name the tensors of an RRDBNet.</summary>
    public static readonly string[] Layouts = ["current", "trunk", "numbered"];

    /// <summary>Names and shapes as Real-ESRGAN publishes them.</summary>
    public static List<(string Name, long[] Shape)> Rrdb(
        long features, long growth, int blocks, int doublings = 2, int unshuffle = 1)
    {
        var tensors = new List<(string, long[])>();
        Add("conv_first", 3 * unshuffle * unshuffle, features);
        for (int block = 0; block < blocks; block++)
        {
            for (int dense = 1; dense <= 3; dense++)
            {
                for (int conv = 1; conv <= 5; conv++)
                    Add($"body.{block}.rdb{dense}.conv{conv}", features + (conv - 1) * growth, conv == 5 ? features : growth);
            }
        }

        Add("conv_body", features, features);
        for (int i = 1; i <= doublings; i++) Add($"conv_up{i}", features, features);
        Add("conv_hr", features, features);
        Add("conv_last", features, 3);
        return tensors;

        void Add(string layer, long from, long to) =>
            tensors.AddRange([($"{layer}.weight", [to, from, 3, 3]), ($"{layer}.bias", [to])]);
    }

    /// <summary>The same of an SRVGGNetCompact.</summary>
    public static List<(string Name, long[] Shape)> Compact(long features, int convolutions, int scale)
    {
        var tensors = new List<(string, long[])>();
        for (int i = 0; i <= convolutions; i++)
        {
            tensors.AddRange([($"body.{2 * i}.weight", [features, i == 0 ? 3 : features, 3, 3]), ($"body.{2 * i}.bias", [features])]);
            tensors.Add(($"body.{2 * i + 1}.weight", [features]));
        }

        int last = 2 * convolutions + 2;
        tensors.AddRange([($"body.{last}.weight", [3 * scale * scale, features, 3, 3]), ($"body.{last}.bias", [3 * scale * scale])]);
        return tensors;
    }

    /// <summary>The name of a tensor of an RRDBNet in another layout.</summary>
    public static string Rename(string name, string layout, int blocks, int doublings)
    {
        string[] parts = name.Split('.');
        if (layout == "current") return name;
        if (parts[0] == "body")
        {
            return layout == "trunk"
                ? $"RRDB_trunk.{parts[1]}.RDB{parts[2][3..]}.{parts[3]}.{parts[4]}"
                : $"model.1.sub.{parts[1]}.RDB{parts[2][3..]}.{parts[3]}.0.{parts[4]}";
        }

        string layer = (layout, parts[0]) switch
        {
            ("trunk", "conv_body") => "trunk_conv",
            ("trunk", "conv_hr") => "HRconv",
            ("trunk", ['c', 'o', 'n', 'v', '_', 'u', 'p', var digit]) => $"upconv{digit}",
            ("trunk", var same) => same,
            (_, "conv_first") => "model.0",
            (_, "conv_body") => $"model.1.sub.{blocks}",
            (_, "conv_hr") => $"model.{3 * doublings + 2}",
            (_, "conv_last") => $"model.{3 * doublings + 4}",
            (_, var up) => $"model.{3 * (up[^1] - '0')}",
        };
        return $"{layer}.{parts[1]}";
    }

    /// <summary>Values by formula, in the caller's dispose scope.</summary>
    public static Dictionary<string, Tensor> Fill(IEnumerable<(string Name, long[] Shape)> tensors) =>
        tensors.ToDictionary(t => t.Name, t => FormulaWeights.Parameter(t.Name, t.Shape));

    /// <summary>Writes a safetensors file.</summary>
    public static void WriteSafetensors(string path, IEnumerable<(string Name, Tensor Values)> tensors) =>
        RawSafetensors.Write(path, [.. tensors.Select(t => (t.Name, t.Values.shape, "F32", t.Values.bytes.ToArray()))]);

    /// <summary>Writes a <c>.pth</c> file of PyTorch with the tensors in dictionaries; "" stands for the outermost one.</summary>
    public static void WritePickle(string path, params (string Container, IReadOnlyList<(string Name, Tensor Values)> Tensors)[] content)
    {
        var storage = new MemoryStream();
        var pickle = new PickleWriter();
        if (content is [("", var only)]) Dictionary(only);
        else pickle.Dictionary([.. content.Select(c => (c.Container, (Action)(() => Dictionary(c.Tensors))))]);
        PickleWriter.Save(path, pickle.ToArray(), storage.ToArray(), CompressionLevel.NoCompression);

        void Dictionary(IReadOnlyList<(string Name, Tensor Values)> tensors) => pickle.Dictionary(
            [.. tensors.Select(t => (t.Name, (Action)(() =>
            {
                long offset = storage.Length / sizeof(float);
                storage.Write(t.Values.bytes);
                pickle.Tensor("0", offset, t.Values.shape, t.Values.stride());
            })))]);
    }
}
