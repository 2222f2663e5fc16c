using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>The full-size U-Net of Stable Diffusion 1.5 with weights that depend only on names and positions.</summary>
internal static class FormulaWeights
{
    private const int Offsets = 9973, ValuesVerified = 100;

    /// <summary>The published configuration.</summary>
    public static UNet2DConditionConfig Config { get; } = new()
    {
        SampleSize = 64, BlockOutChannels = [320, 640, 1280, 1280], CrossAttentionDim = 768, AttentionHeadDim = 8,
    };

    /// <summary>Path of the weights in a folder.</summary>
    public static string FileIn(string folder) => Path.Combine(folder, "diffusion_pytorch_model.safetensors");

    /// <summary>Writes a folder in the layout of diffusers.</summary>
    /// <returns>Number of parameters.</returns>
    public static long Write(string folder, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        using UNet2DConditionModel shapes = Config.BuildUninitialized(META);
        Dictionary<string, Tensor> state = shapes.state_dict();

        // All tensors are windows into one run of values at different offsets: memory for the largest is enough.
        Tensor run = empty(state.Values.Max(t => t.NumberOfElements) + Offsets, ScalarType.Float32);
        Span<float> values = MemoryMarshal.Cast<byte, float>(run.bytes);
        for (int i = 0; i < values.Length; i++) values[i] = Value(i);
        var tensors = state.Select(t => (t.Key, run.narrow(0, Offset(t.Key), t.Value.NumberOfElements).view(t.Value.shape)));
        SafetensorsWriter.Write(FileIn(folder), tensors, new Dictionary<string, string> { ["format"] = "pt" }, type);
        JsonObject config = JsonNode.Parse(Config.ToJson())!.AsObject();
        config["_class_name"] = nameof(UNet2DConditionModel);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        return state.Values.Sum(t => t.NumberOfElements);
    }

    /// <summary>Compares values of every tensor, including the first and the last, with the formula.</summary>
    /// <returns>Number of tensors.</returns>
    /// <exception cref="InvalidDataException">A value differs.</exception>
    public static int Verify(UNet2DConditionModel network, ScalarType stored)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> state = network.state_dict();
        foreach ((string name, Tensor tensor) in state)
        {
            using DisposeScope inner = NewDisposeScope();
            long last = tensor.NumberOfElements - 1;
            long[] positions = [.. Enumerable.Range(0, ValuesVerified).Select(i => last * i / (ValuesVerified - 1))];
            float[] expected = [.. positions.Select(p => Value(Offset(name) + p))], found = Pick(tensor.detach().view(-1), positions);
            long[] all = [.. Enumerable.Range(0, ValuesVerified).Select(i => (long)i)];
            float[] rounded = Pick(torch.tensor(expected).to(stored).to(tensor.dtype), all);
            if (!found.AsSpan().SequenceEqual(rounded)) throw new InvalidDataException($"'{name}' was not loaded as it was written.");
        }

        return state.Count;
    }

    private static float[] Pick(Tensor flat, long[] positions) =>
        flat.index_select(0, torch.tensor(positions)).to(ScalarType.Float32).data<float>().ToArray();

    /// <summary>In [-1/16, 1/16), using all bits of a float32.</summary>
    private static float Value(long position) => ((float)((uint)((ulong)position * 2654435761) >> 8) / (1 << 24) - 0.5f) / 8;

    private static long Offset(string name)
    {
        uint hash = 0;
        foreach (char c in name) hash = hash * 31 + c;
        return hash % Offsets;
    }
}
