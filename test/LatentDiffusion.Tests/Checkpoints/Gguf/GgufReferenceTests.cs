using System.Text.Json;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Blocks and files of the reference implementation, bit for bit.</summary>
public sealed class GgufReferenceTests : IDisposable
{
    private static readonly JsonElement s_figures = ReferenceFigures.Read("gguf-blocks.json");

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Types => [.. s_figures.GetProperty("cases").EnumerateArray().Select(c => Text(c, "type"))];

    public static TheoryData<string> Files => [.. s_figures.GetProperty("files").EnumerateArray().Select(c => Text(c, "file"))];

    [Theory]
    [MemberData(nameof(Types))]
    public void Blocks_expand_to_the_reference_values(string name)
    {
        JsonElement block = s_figures.GetProperty("cases").EnumerateArray().Single(c => Text(c, "type") == name);
        GgufType type = GgufType.All.Single(t => t.Name == name);
        string[] properties = ["ggml_type", "block_elements", "block_bytes"];
        Assert.Equal(properties.Select(p => block.GetProperty(p).GetInt32()), [type.Code, type.BlockElements, type.BlockBytes]);
        byte[] bytes = Convert.FromHexString(Text(block, "bytes"));
        float[] expected = Floats(block);

        // Repeated, so that the tensor is read in several pieces.
        const int Repetitions = 3000;
        using GgufFile file = RawGguf.Open(
            _folder["a"], type, [Repetitions, expected.Length], [.. Enumerable.Repeat(bytes, Repetitions).SelectMany(b => b)]);
        Tensor values = empty([Repetitions, expected.Length]);
        file.ReadInto("x", values);

        Assert.Equal(Bits(expected), Bits(values[0].data<float>()));
        Assert.Equal(Bits(expected), Bits(values[Repetitions - 1].data<float>()));
        Assert.True(values.equal(values[0]).all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Files_are_read_as_the_reference_reads_them(string name)
    {
        JsonElement expected = s_figures.GetProperty("files").EnumerateArray().Single(c => Text(c, "file") == name);
        using var file = (GgufFile)Checkpoint.Open(ReferenceFolder.PathOf(name));

        Assert.Equal(expected.GetProperty("version").GetInt32(), file.Version);
        Assert.Equal(expected.GetProperty("alignment").GetInt64(), file.Alignment);
        JsonElement[] metadata = [.. expected.GetProperty("metadata").EnumerateArray()];
        Assert.Equal(metadata.Select(m => Text(m, "key")), file.Metadata.Keys);
        foreach (JsonElement entry in metadata)
            AssertValue(entry.GetProperty("type").GetInt32(), entry.GetProperty("value"), file.Metadata[Text(entry, "key")]);
        JsonElement[] tensors = [.. expected.GetProperty("tensors").EnumerateArray()];
        Assert.Equal(tensors.Select(t => Text(t, "name")), file.Entries.Select(e => e.Name));
        foreach ((JsonElement tensor, TensorEntry entry) in tensors.Zip(file.Entries))
        {
            Assert.Equal(tensor.GetProperty("shape").Deserialize<long[]>(), entry.Shape);
            Assert.Equal(Text(tensor, "type"), file.TypeOf(entry.Name).Name);
            Assert.Equal(Bits(Floats(tensor)), Bits(file.Read(entry.Name).to(ScalarType.Float32).data<float>()));
        }
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static void AssertValue(int type, JsonElement expected, object actual)
    {
        if (type == 9)
        {
            var values = (Array)actual;
            JsonElement[] elements = [.. expected.GetProperty("values").EnumerateArray()];
            int elementType = expected.GetProperty("type").GetInt32();
            Assert.Equal(elements.Length, values.Length);
            for (int i = 0; i < elements.Length; i++) AssertValue(elementType, elements[i], values.GetValue(i)!);
            return;
        }

        object wanted = type switch
        {
            0 => expected.GetByte(),
            1 => expected.GetSByte(),
            2 => expected.GetUInt16(),
            3 => expected.GetInt16(),
            4 => expected.GetUInt32(),
            5 => expected.GetInt32(),
            6 => expected.GetSingle(),
            7 => expected.GetBoolean(),
            8 => expected.GetString()!,
            10 => expected.GetUInt64(),
            11 => expected.GetInt64(),
            12 => expected.GetDouble(),
            _ => throw new InvalidOperationException($"The reference has metadata of the type {type}."),
        };
        Assert.Equal(wanted, actual);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static float[] Floats(JsonElement element) => element.GetProperty("values").Deserialize<float[]>()!;

    private static IEnumerable<uint> Bits(IEnumerable<float> values) => values.Select(BitConverter.SingleToUInt32Bits);
}
