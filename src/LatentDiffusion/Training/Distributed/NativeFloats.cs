using System.Runtime.InteropServices;

namespace LatentDiffusion.Training;

/// <summary>Memory for floats at an address that does not change.</summary>
internal sealed unsafe class NativeFloats : IDisposable
{
    private const nuint Alignment = 64;

    private nint _address;
    private long _length;

    public float* At(long index) => (float*)_address + index;

    /// <summary>Makes sure of its length; where that changes, the values are undefined.</summary>
    public void Resize(long length)
    {
        if (length == _length) return;
        Dispose();
        _address = (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(1, length) * sizeof(float), Alignment);
        _length = length;
    }

    public void Clear() => NativeMemory.Clear((void*)_address, (nuint)_length * sizeof(float));

    public void Dispose()
    {
        NativeMemory.AlignedFree((void*)_address);
        (_address, _length) = (0, 0);
    }
}
