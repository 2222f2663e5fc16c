using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Passes the float32 values of a tensor between processes as a file.</summary>
internal static class TensorFile
{
    public static void Write(string path, Tensor values)
    {
        using Tensor plain = values.to(ScalarType.Float32).contiguous();
        using FileStream file = File.Create(path);
        file.Write(plain.bytes);
    }

    public static Tensor Read(string path, long[] shape)
    {
        Tensor values = empty(shape, ScalarType.Float32);
        using FileStream file = File.OpenRead(path);
        file.ReadExactly(values.bytes);
        return values;
    }
}
