package run

import (
	"encoding/json"
	"maps"
	"os"
	"strings"

	"inceptiongl/gpu"
	"inceptiongl/inception/files"
	"inceptiongl/shaders"
)

// noCache names the environment variable that, set to 1, keeps programs from remembering anything in the user's cache folder.
const noCache = "INCEPTIONGL_NO_CACHE"

// userCache is where programs remember what they measured, or nil.
func userCache() *files.Cache {
	if os.Getenv(noCache) == "1" {
		return nil
	}
	c, err := files.UserCache("inceptiongl")
	if err != nil {
		return nil // no folder, nothing to remember
	}
	return c
}

// programs is a cache as gpu keeps compiled programs in it.
type programs struct{ c *files.Cache }

func (p programs) Get(key string) ([]byte, bool) { return p.c.Get("program\n" + key) }

// Put keeps nothing where the cache can't: the driver compiles again.
func (p programs) Put(key string, b []byte) { _ = p.c.Put("program\n"+key, b) }

// Programs is where compiled programs are remembered for later runs of every program, for gpu.Options; nil where nothing is.
func Programs() gpu.ProgramStore {
	if c := userCache(); c != nil {
		return programs{c}
	}
	return nil
}

// memory is what was measured on one device, with its driver, by one kind of clock, of these very shaders.
type memory struct {
	cache *files.Cache
	key   string
	known map[string]shaders.Key // by shapeOf; nil until it is read
}

func newMemory(c *files.Cache, d gpu.DeviceInfo, timestamps bool) *memory {
	if c == nil {
		return nil
	}
	clock := "the GPU's clock"
	if !timestamps { // a wait for every dispatch is in each time: small kernels seem alike
		clock = "the host's clock"
	}
	return &memory{cache: c, key: strings.Join([]string{"kernels", d.Vendor, d.Renderer, d.Version, clock, shaders.Fingerprint()}, "\n")}
}

// read is what stands in the file: nothing where there is none, or where it can't be understood.
func (m *memory) read() map[string]shaders.Key {
	known := map[string]shaders.Key{}
	b, ok := m.cache.Get(m.key)
	if !ok {
		return known
	}
	var entries map[string]json.RawMessage // one that is foreign spoils no other
	if json.Unmarshal(b, &entries) != nil {
		return known
	}
	for shape, text := range entries {
		var k shaders.Key
		if json.Unmarshal(text, &k) == nil {
			known[shape] = k
		}
	}
	return known
}

// find is the kernel that was fastest for a shape.
func (m *memory) find(shape string) (shaders.Key, bool) {
	if m == nil {
		return shaders.Key{}, false
	}
	if m.known == nil {
		m.known = m.read()
	}
	k, ok := m.known[shape]
	return k, ok
}

// save adds what was found to what the file has by now: other processes write to it too.
func (m *memory) save(found map[string]shaders.Key) {
	if m == nil || len(found) == 0 {
		return
	}
	all := m.read()
	maps.Copy(all, found)
	b, err := json.Marshal(all)
	if err != nil {
		return
	}
	_ = m.cache.Put(m.key, b)
	m.known = all
}
