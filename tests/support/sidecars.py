"""Sidecars as other programs write them: their forms of RDF, with things in them that only they know."""

_RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'

DIGIKAM = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF {_RDF}>
  <rdf:Description rdf:about=""
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"
    xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
    xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
   digiKam:ColorLabel="3" xmp:Rating="4">
   <digiKam:TagsList>
    <rdf:Seq>
     <rdf:li>People/Käthe O'Neil</rdf:li>
     <rdf:li>Places/Rome</rdf:li>
    </rdf:Seq>
   </digiKam:TagsList>
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:AppliedToDimensions stDim:w="400" stDim:h="300" stDim:unit="pixel"/>
    <mwg-rs:RegionList>
     <rdf:Bag>
      <rdf:li>
       <rdf:Description mwg-rs:Name="Käthe O'Neil" mwg-rs:Type="Face">
       <mwg-rs:Area stArea:x="0.3" stArea:y="0.5" stArea:w="0.2" stArea:h="0.25" stArea:unit="normalized"/>
       </rdf:Description>
      </rdf:li>
     </rdf:Bag>
    </mwg-rs:RegionList>
   </mwg-rs:Regions>
   <dc:subject>
    <rdf:Bag>
     <rdf:li>Käthe O'Neil</rdf:li>
     <rdf:li>Rome</rdf:li>
    </rdf:Bag>
   </dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()

LIGHTROOM = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0-c000">
 <rdf:RDF {_RDF}>
  <rdf:Description rdf:about="uuid:faf5bdd5-ba3d-11da-ad31-d33d75182f1b"
    xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
    xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
    xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
   tiff:Orientation="6" crs:Exposure2012="+0.35" crs:ToneCurveName2012="a &quot;b&quot; &#xA; c">
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:AppliedToDimensions stDim:w="400" stDim:h="300" stDim:unit="pixel"/>
    <mwg-rs:RegionList>
     <rdf:Bag>
      <rdf:li rdf:parseType="Resource">
       <mwg-rs:Rotation>-1.57080</mwg-rs:Rotation>
       <mwg-rs:Type>Face</mwg-rs:Type>
       <mwg-rs:Name>Bob</mwg-rs:Name>
       <mwg-rs:Area rdf:parseType="Resource">
        <stArea:h>0.2</stArea:h><stArea:w>0.15</stArea:w><stArea:x>0.7</stArea:x><stArea:y>0.4</stArea:y>
       </mwg-rs:Area>
      </rdf:li>
      <rdf:li>
       <rdf:Description mwg-rs:Type="Face" mwg-rs:Name="Zoë">
        <mwg-rs:Extensions/>
        <mwg-rs:Area stArea:h="0.1" stArea:w="0.1" stArea:x="0.1" stArea:y="0.1"/>
       </rdf:Description>
      </rdf:li>
      <rdf:li>
       <rdf:Description mwg-rs:Type="Pet" mwg-rs:Name="Rex">
        <mwg-rs:Area stArea:h="0.1" stArea:w="0.1" stArea:x="0.9" stArea:y="0.9"/>
       </rdf:Description>
      </rdf:li>
      <rdf:li>
       <rdf:Description mwg-rs:Type="Focus">
        <mwg-rs:Area stArea:h="0.1" stArea:w="0.1" stArea:x="0.5" stArea:y="0.9"/>
       </rdf:Description>
      </rdf:li>
     </rdf:Bag>
    </mwg-rs:RegionList>
   </mwg-rs:Regions>
   <crs:ToneCurvePV2012><rdf:Seq><rdf:li>0, 0</rdf:li><rdf:li>255, 255</rdf:li></rdf:Seq></crs:ToneCurvePV2012>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">A "title", lang="de" x</rdf:li></rdf:Alt></dc:title>
   <lr:hierarchicalSubject><rdf:Bag><rdf:li>People|Bob</rdf:li></rdf:Bag></lr:hierarchicalSubject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
""".encode()

DARKTABLE = f"""<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF {_RDF}>
  <rdf:Description rdf:about=""
    xmlns:darktable="http://darktable.sf.net/"
    darktable:history_end="3">
   <darktable:history>
    <rdf:Seq>
     <rdf:li
      darktable:num="0"
      darktable:operation="rawprepare"
      darktable:params="gz02eJxjYGBgEGYAAQEAAcQAIQ=="/>
    </rdf:Seq>
   </darktable:history>
   <darktable:masks_history><rdf:Seq/></darktable:masks_history>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:foo="http://example.org/foo/" xmlns:dc="http://purl.org/dc/elements/1.1/">
   <!-- a remark -->
   <foo:link rdf:resource="http://example.org/x"/>
   <foo:qualified rdf:parseType="Resource"><rdf:value>v</rdf:value><foo:q>q</foo:q></foo:qualified>
   <foo:empty/>
   <foo:nested><rdf:Seq><rdf:li><rdf:Bag><rdf:li/><rdf:li>b</rdf:li></rdf:Bag></rdf:li></rdf:Seq></foo:nested>
   <foo:spaces>  kept  </foo:spaces>
   <foo:data><![CDATA[<a & b>]]></foo:data>
   <dc:subject><rdf:Bag><rdf:li xml:lang="de">Meer</rdf:li></rdf:Bag></dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
""".encode()

PLAIN = f"""<rdf:RDF {_RDF}>
<rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/' rdf:about=''>
<dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>beach, and more</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF>""".encode()


def turning(orientation: int) -> bytes:
    """Return a sidecar that has nothing but an orientation."""
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {_RDF}>
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{orientation}"/>
</rdf:RDF></x:xmpmeta>""".encode()


def exiftools(name: str, *, area: tuple[float, float, float, float], size: tuple[int, int]) -> bytes:
    """Return a sidecar with a face as `exiftool` writes it."""
    sides = "".join(f"<stArea:{side}>{share}</stArea:{side}>" for side, share in zip("xywh", area, strict=True))
    return f"""<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='Image::ExifTool 12.76'>
<rdf:RDF {_RDF}>
 <rdf:Description rdf:about=''
  xmlns:mwg-rs='http://www.metadataworkinggroup.com/schemas/regions/'
  xmlns:stArea='http://ns.adobe.com/xmp/sType/Area#'
  xmlns:stDim='http://ns.adobe.com/xap/1.0/sType/Dimensions#'>
  <mwg-rs:Regions rdf:parseType='Resource'>
   <mwg-rs:AppliedToDimensions rdf:parseType='Resource'>
    <stDim:h>{size[1]}</stDim:h><stDim:unit>pixel</stDim:unit><stDim:w>{size[0]}</stDim:w>
   </mwg-rs:AppliedToDimensions>
   <mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType='Resource'>
    <mwg-rs:Area rdf:parseType='Resource'>{sides}<stArea:unit>normalized</stArea:unit></mwg-rs:Area>
    <mwg-rs:Name>{name}</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type>
   </rdf:li></rdf:Bag></mwg-rs:RegionList>
  </mwg-rs:Regions>
 </rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end='w'?>""".encode()
