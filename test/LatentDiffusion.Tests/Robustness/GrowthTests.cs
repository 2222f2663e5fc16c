using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LatentDiffusion.Fuzzing;
using Xunit;

namespace LatentDiffusion.Tests.Robustness;

/// <summary>
/// The work of readers is proportional to their input: twice the input allocates at most two and a half times as much. Inputs
/// are as unfavourable as the format allows: many names, one long name, deep nesting, long texts of one kind.
/// </summary>
public sealed class GrowthTests(FuzzTests.Targets targets) : IClassFixture<FuzzTests.Targets>
{
    private const int Size = 2000;
    private const double MostGrowth = 2.5;

    private static readonly byte[] s_legacyHeader =
        [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e, 0x80, 2, 0x4d, 0xe9, 3, 0x2e];

    private static readonly Dictionary<string, (string Target, Func<int, byte[]> Make)> s_inputs = new()
    {
        ["safetensors of many tensors"] = ("safetensors", n => Header(Many(n, i => Empty($"t{i}")))),
        ["safetensors with much metadata"] = ("safetensors", n => Header($"\"__metadata__\":{{{Many(n, i => $"\"k{i}\":\"v\"")}}}")),
        ["safetensors with one long name"] = ("safetensors", n => Header(Empty(new string('a', 100 * n)))),
        ["an index of many tensors"] = ("shards", n => Utf8($"{{\"weight_map\":{{{Many(n, i => $"\"t{i}\":\"a-1.safetensors\"")}}}}}")),
        ["a legacy pickle of many numbers"] = ("pickle-legacy", n => [.. s_legacyHeader, .. Repeat("K1", 10 * n)]),
        ["a legacy pickle of one long number"] = (
            "pickle-legacy",
            n => [0x80, 2, 0x8b, .. BitConverter.GetBytes(10 * n), .. Enumerable.Repeat((byte)0x7f, 10 * n), (byte)'.']),
        ["LoRA names that fit nothing"] = ("lora", n => Header(Many(n, i => Empty($"lora_unet_x{i}.lora_up.weight")))),
        ["a LoRA name of magnitude vectors"] = ("lora", n => Header(Empty(Text(".lora_magnitude_vector", n) + "!"))),
        ["a LoRA name of adapters"] = ("lora", n => Header(Empty("x" + Text(".lora_A.a", n)))),
        ["LoRA metadata"] = (
            "lora",
            n => Header($"\"__metadata__\":{{\"lora_adapter_metadata\":\"{{{Many(n, i => $"\\\"unet.a{i}\\\":1")}}}\"}}")),
        ["an index with many components"] = ("model-index", n => Utf8($"{{{Many(n, i => $"\"c{i}\":[\"a\",\"b\"]")}}}")),
        ["a vocabulary"] = ("tokenizer-vocabulary", n => Utf8($"{{{Many(n, i => $"\"t{i}\":{i}")}}}")),
        ["merges"] = ("tokenizer-merges", n => Utf8(Text("a b</w>\n", n))),
        ["a tokenizer with many options"] = ("tokenizer-config", n => Utf8($"{{{Many(n, i => $"\"o{i}\":{i}")}}}")),
        ["a prompt of brackets"] = ("prompt", n => Utf16(Text("(a[b", n))),
        ["a prompt of one word"] = ("prompt", n => Utf16(Text("ab", n))),
        ["a prompt of combining marks"] = ("prompt", n => Utf16("a" + Text("\u0301\u0327", n))),
        ["a prompt of entities"] = ("prompt", n => Utf16(Text("&amp;amp;", n))),
        ["metrics"] = ("metrics", n => Utf8(Text("{\"stage\":\"a\",\"step\":1,\"loss\":1}\n", n))),
        ["metadata of images that are missing"] = ("metadata-jsonl", n => Utf8(string.Concat(
            Enumerable.Range(0, n).Select(i => $"{{\"file_name\":\"{i}.png\",\"text\":\"b\"}}\n")))),
        ["a long caption"] = ("metadata-csv", n => Utf8($"file_name,text\na.png,\"{Text("a\"\"", n)}\"\nb.png,b\n")),
    };

    public static TheoryData<string> Inputs => [.. s_inputs.Keys];

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Twice_the_input_is_at_most_two_and_a_half_times_the_work(string input)
    {
        (string name, Func<int, byte[]> make) = s_inputs[input];
        FuzzTarget target = targets.All[name];
        // The first use allocates data that does not grow with the input.
        _ = Allocated(target, make(Size));
        long once = Allocated(target, make(Size)), twice = Allocated(target, make(2 * Size));
        Assert.True(
            twice <= MostGrowth * once,
            string.Create(CultureInfo.InvariantCulture, $"{once} bytes for {Size}, {twice} for {2 * Size}"));
    }

    private static long Allocated(FuzzTarget target, byte[] input)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target.Read(input);
        }
        catch (Exception e) when (target.Documents(e))
        {
            Assert.InRange(e.Message.Length, 1, 1000);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static byte[] Header(string entries)
    {
        byte[] json = Utf8($"{{{entries}}}");
        return [.. BitConverter.GetBytes((long)json.Length), .. json];
    }

    private static string Empty(string name) => $"\"{name}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}";

    private static string Many(int count, Func<int, string> item) => string.Join(',', Enumerable.Range(0, count).Select(item));

    private static string Text(string part, int count) => string.Concat(Enumerable.Repeat(part, count));

    private static byte[] Repeat(string part, int count) => Encoding.Latin1.GetBytes(Text(part, count));

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Utf16(string text) => MemoryMarshal.AsBytes(text.AsSpan()).ToArray();
}
