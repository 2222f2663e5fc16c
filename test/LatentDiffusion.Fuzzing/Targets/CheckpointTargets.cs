using System.IO.Compression;
using LatentDiffusion.Tests.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Fuzzing;

/// <summary>Files of tensors.</summary>
internal static class CheckpointTargets
{
    public static FuzzTarget Safetensors(string name, string folder)
    {
        string path = Path.Combine(folder, "a.safetensors");
        byte[] seed = Seed(
            path, ("a", [2, 3], ScalarType.Float32), ("b", [5], ScalarType.Bool), ("c", [2, 2], ScalarType.Float16),
            ("d", [], ScalarType.Int64), ("e", [0, 3], ScalarType.Float32));
        return new FuzzTarget(
            name, random => SafetensorsMutation.Apply(seed, random), bytes => ReadAll(path, bytes), typeof(CheckpointException));
    }

    public static FuzzTarget Gguf(string name, string folder)
    {
        string path = Path.Combine(folder, "a.gguf");
        byte[] seed = GgufSeed(path);
        return new FuzzTarget(name, random => GgufMutation.Apply(seed, random), bytes => ReadAll(path, bytes), typeof(CheckpointException));
    }

    public static FuzzTarget Shards(string name, string folder)
    {
        Seed(Path.Combine(folder, "a-1.safetensors"), ("a", [2, 3], ScalarType.Float32), ("b", [5], ScalarType.Float32));
        Seed(Path.Combine(folder, "a-2.safetensors"), ("c", [2, 2], ScalarType.Float32));
        const string Index = """
            {"metadata": {"total_size": 60}, "weight_map": {"a": "a-1.safetensors", "b": "a-1.safetensors", "c": "a-2.safetensors"}}
            """;
        string[] values =
            ["\"a-2.safetensors\"", "\"../a\"", "\"/dev/null\"", "\"a.index.json\"", "\".\"", "\"a-1.safetensors/\""];
        string path = Path.Combine(folder, "a.index.json");
        return new FuzzTarget(
            name, random => JsonMutation.Bytes(Index, random, values), bytes => ReadAll(path, bytes),
            typeof(CheckpointException), typeof(IOException));
    }

    public static FuzzTarget Pickle(string name, string folder)
    {
        string path = Path.Combine(folder, "a.pth");
        byte[] pickle = Description(), storage = new byte[24];
        return new FuzzTarget(
            name,
            random =>
            {
                bool whole = random.Next(3) == 0;
                PickleWriter.Save(path, whole ? pickle : PickleMutation.Apply(pickle, random), storage, CompressionLevel.NoCompression);
                byte[] file = File.ReadAllBytes(path);
                return whole ? ByteMutation.Apply(file, random) : file;
            },
            bytes => ReadAll(path, bytes), typeof(CheckpointException));
    }

    public static FuzzTarget LegacyPickle(string name, string folder)
    {
        string path = Path.Combine(folder, "a.pt");
        var pickle = new PickleWriter();
        pickle.Dictionary(
            ("a", () => pickle.LegacyTensor("0", 6, 0, [2, 3], [3, 1])),
            ("b", () => pickle.Parameter(() => pickle.LegacyTensor("0", 6, 0, [3, 2], [1, 3]))),
            ("c", () => pickle.OldTensor("1", 2, 1, [], [])),
            ("d", () => pickle.LegacyTensor("0", 6, 0, [2], [1], part: (2, 2))));
        byte[] seed = PickleWriter.Legacy(pickle.ToArray(), ["1", "0"], (2, new byte[8]), (6, new byte[24]));
        return new FuzzTarget(
            name, random => PickleMutation.Apply(seed, random), bytes => ReadAll(path, bytes), typeof(CheckpointException));
    }

    /// <summary>A file of zeros.</summary>
    public static byte[] Seed(string path, params (string Name, long[] Shape, ScalarType Type)[] tensors)
    {
        using DisposeScope scope = NewDisposeScope();
        var metadata = new Dictionary<string, string> { ["format"] = "pt" };
        SafetensorsWriter.Write(path, tensors.Select(t => (t.Name, zeros(t.Shape, t.Type))), metadata);
        return File.ReadAllBytes(path);
    }

    private static byte[] GgufSeed(string path)
    {
        using DisposeScope scope = NewDisposeScope();
        var metadata = new Dictionary<string, object>
        {
            ["general.architecture"] = "flux", ["general.alignment"] = 8u, ["flag"] = true, ["words"] = new[] { "a", "", "ccc" },
            ["numbers"] = new[] { 1, 2 }, ["nested"] = new object[] { new[] { 1f } },
        };
        GgufTensor[] tensors =
        [
            .. GgufType.All.Where(type => type.CanBeWritten).Select(type => new GgufTensor(type.Name, zeros(2, type.BlockElements), type)),
            new("orig", zeros([2, 1, 2, 1, 32]), GgufType.Q8_0),
        ];
        GgufWriter.Write(path, tensors, metadata);
        return File.ReadAllBytes(path);
    }

    private static void ReadAll(string path, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        using ITensorSource source = Checkpoints.Checkpoint.Open(path);
        foreach (TensorEntry entry in source.Entries) source.Read(entry.Name).Dispose();
    }

    private static byte[] Description()
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(
            ("a", () => pickle.Tensor("0", 0, [2, 3], [3, 1])),
            ("b", () => pickle.Parameter(() => pickle.Tensor("0", 0, [3, 2], [1, 3]))),
            ("c", () => pickle.Dictionary(("d", () => pickle.Tensor("0", 5, [], [])), ("e", () => pickle.Integer(7)))));
        return pickle.ToArray();
    }
}
