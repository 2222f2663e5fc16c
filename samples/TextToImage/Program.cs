using TorchSharp;
Console.WriteLine(string.Join(' ', torch.randn(3, generator: new torch.Generator(42)).data<float>().ToArray()));
Console.WriteLine(torch.get_num_threads());
