using System.IO.Compression;
using System.Text;

namespace LatentDiffusion.Tests;

/// <summary>Writes the part of pickle that <c>torch.save</c> uses for dictionaries of tensors.</summary>
internal sealed class PickleWriter
{
    private readonly MemoryStream _bytes = new();

    public PickleWriter() => Write([0x80, 2]);

    /// <summary>Writes a checkpoint with one storage of the key 0.</summary>
    public static void Save(string path, byte[] pickle, byte[] storage, CompressionLevel level)
    {
        File.Delete(path);
        using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach ((string name, byte[] content) in new[] { ("a/data.pkl", pickle), ("a/byteorder", "little"u8.ToArray()), ("a/data/0", storage) })
        {
            using Stream entry = zip.CreateEntry(name, level).Open();
            entry.Write(content);
        }
    }

    public byte[] ToArray() => [.. _bytes.ToArray(), (byte)'.'];

    public void Dictionary(params (string Key, Action Value)[] items)
    {
        Global("collections", "OrderedDict");
        Write(")R("u8);
        foreach ((string key, Action value) in items)
        {
            Text(key);
            value();
        }

        Write("u"u8);
    }

    public void Tensor(string storage, long offset, long[] shape, long[] strides)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Write("(("u8);
        Text("storage");
        Global("torch", "FloatStorage");
        Text(storage);
        Text("cpu");
        Integer(6);
        Write("tQ"u8);
        Integer(offset);
        Tuple(shape);
        Tuple(strides);
        Write([0x89]);
        Global("collections", "OrderedDict");
        Write(")RtR"u8);
    }

    public void Parameter(Action tensor)
    {
        Global("torch._utils", "_rebuild_parameter");
        Write("("u8);
        tensor();
        Write([0x88]);
        Global("collections", "OrderedDict");
        Write(")RtR"u8);
    }

    public void Integer(long value) => Write([0x8a, 8, .. BitConverter.GetBytes(value)]);

    private void Tuple(long[] values)
    {
        Write("("u8);
        foreach (long value in values) Integer(value);
        Write("t"u8);
    }

    private void Text(string text) => Write([(byte)'X', .. BitConverter.GetBytes(text.Length), .. Encoding.UTF8.GetBytes(text)]);

    private void Global(string module, string name) => Write([(byte)'c', .. Encoding.UTF8.GetBytes($"{module}\n{name}\n")]);

    private void Write(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);
}
